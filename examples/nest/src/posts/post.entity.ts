import { Column, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm'
import { Author } from './author.entity.ts'

export type Status = 'draft' | 'published'

@Entity('posts')
export class Post {
  @PrimaryGeneratedColumn()
  id!: number

  @Column('text', { unique: true })
  slug!: string

  @Column('text')
  title!: string

  @Column('text', { default: 'draft' })
  status!: Status

  @ManyToOne(() => Author, { nullable: true, eager: true })
  author!: Author | null
}

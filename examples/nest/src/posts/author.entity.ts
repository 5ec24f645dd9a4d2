import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

@Entity('authors')
export class Author {
  @PrimaryGeneratedColumn()
  id!: number

  @Column('text')
  name!: string
}

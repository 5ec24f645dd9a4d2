/**
 * A short name for a text: 53 bits of two multiplicative hashes. Good enough to notice that rules were edited; not for
 * identities, where a collision would lose a change.
 */
export function fingerprint(text: string): string {
  let a = 0x9e3779b9
  let b = 0x85ebca6b
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, 0xcc9e2d51)
    b = Math.imul(b ^ code, 0x1b873593)
    a = (a << 13) | (a >>> 19)
    b = (b << 17) | (b >>> 15)
  }
  a = Math.imul(a ^ (b >>> 16), 0xc2b2ae35)
  b = Math.imul(b ^ (a >>> 13), 0x27d4eb2f)
  return ((b >>> 0) & 0x1fffff).toString(36) + (a >>> 0).toString(36).padStart(7, '0')
}

type Bytes = Uint8Array<ArrayBuffer>

export const encode = (text: string): Bytes => new TextEncoder().encode(text)

export const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (char) => char.charCodeAt(0))

export function concat(parts: readonly Uint8Array[]): Bytes {
  let size = 0
  for (const part of parts) size += part.length
  const all = new Uint8Array(size)
  size = 0
  for (const part of parts) {
    all.set(part, size)
    size += part.length
  }
  return all
}

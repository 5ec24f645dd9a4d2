/** Copies text; `field` holds it, for browsers that offer no clipboard to pages without TLS. Answers whether it worked. */
export async function copyText(text: string, field: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    field?.select()
    return field !== null && document.execCommand('copy')
  }
}

const WEB_URL = /^https?:\/\//
const NAMED_BASE64 = /^base64:([^:]+):(.+)$/s
const BARE_BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * The URL by which OpenAI gets an image that a client names, undefined for what names none. Nothing here fetches it: a
 * web URL is OpenAI's to follow, from its own network.
 */
export function imageUrl(image: unknown): string | undefined {
  if (typeof image !== 'string') return undefined
  if (WEB_URL.test(image) || image.startsWith('data:image/')) return image
  const [, mime, payload] = NAMED_BASE64.exec(image) ?? []
  if (mime !== undefined) return `data:${mime};base64,${payload}`
  return BARE_BASE64.test(image) ? `data:image/png;base64,${image}` : undefined
}

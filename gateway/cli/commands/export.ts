import type { Context } from '../context.ts'
import { replaceText } from '../text-file.ts'

/** Writes the configuration of a revision, byte for byte, to a file or to stdout. */
export async function exportConfig(
  context: Context,
  file: string | undefined,
  revision: number | undefined
): Promise<void> {
  const client = await context.client()
  const { number, text } =
    revision === undefined
      ? await client.config().then(config => ({ number: config.revision, text: config.text }))
      : await client.revision(revision)
  if (file === undefined) {
    if (context.isJson) context.show({ revision: number, text }, () => text)
    else context.io.stdout.write(text)
    return
  }
  await replaceText(file, text)
  context.show({ revision: number, file }, paint => `${paint('green', '✓')} Wrote revision ${number} to ${file}.`)
}

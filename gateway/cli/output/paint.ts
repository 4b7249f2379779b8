import { styleText } from 'node:util'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Colours a text, where the stream shows colours. */
export type Paint = (style: Style, text: string) => string

/** Heeds NO_COLOR and FORCE_COLOR; what is no terminal gets no colours. */
export function painterOf(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream })
}

/**
 * `fetch` for servers that we send patient data or credentials to: it follows no redirect, so that what is sent reaches
 * the configured server or none, and it reads at most `maxBytes` of a response's body, which then fails.
 */
export function boundedFetch(maxBytes: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'error' })
    return response.body === null ? response : new Response(response.body.pipeThrough(byteLimit(maxBytes)), response)
  }
}

function byteLimit(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let left = maxBytes
  return new TransformStream({
    transform(chunk, controller) {
      left -= chunk.byteLength
      if (left < 0) controller.error(new RangeError(`the response has more than ${maxBytes} bytes`))
      else controller.enqueue(chunk)
    }
  })
}

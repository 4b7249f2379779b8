import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, nextResolve) {
    // The client of Prometheus has the interfaces of OpenTelemetry, which do nothing by themselves.
    if (specifier.startsWith('@opentelemetry/') && specifier !== '@opentelemetry/api') {
      throw new Error('OpenTelemetry is not to be loaded')
    }
    return nextResolve(specifier, context)
  }
})

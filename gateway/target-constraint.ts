import type { IncomingMessage } from 'node:http'
import type { ConstraintStrategy, HTTPVersion } from 'find-my-way'
import type { Assigner } from './assigner.ts'
import { setEdge } from './edge.ts'

type Side = 'native' | 'legacy'

/**
 * The router's constraint `target`: it decides once per request, before routing, and the router picks the handler.
 * A native request finds the services' routes, any other the catch-all of the relay.
 */
export function targetConstraint(assigner: Assigner): ConstraintStrategy<HTTPVersion.V1, Side> {
  return {
    name: 'target',
    storage() {
      const handlers = new Map<
        Side,
        Parameters<ReturnType<ConstraintStrategy<HTTPVersion.V1, Side>['storage']>['set']>[1]
      >()
      return {
        get: side => handlers.get(side) ?? null,
        set: (side, handler) => void handlers.set(side, handler),
        del: side => void handlers.delete(side),
        empty: () => handlers.clear()
      }
    },
    validate(value: unknown): void {
      if (value !== 'native' && value !== 'legacy') throw new TypeError('the target constraint is native or legacy')
    },
    deriveConstraint(request: IncomingMessage): Side {
      const edge = assigner(request)
      edge.servedBy = edge.assignment.target
      setEdge(request, edge)
      return edge.assignment.target === 'native' ? 'native' : 'legacy'
    }
  }
}

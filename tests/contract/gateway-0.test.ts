import { throughGateway } from './through-gateway.ts'

throughGateway(0, 'legacy')

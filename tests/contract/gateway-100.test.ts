import { throughGateway } from './through-gateway.ts'

throughGateway(100, 'native')

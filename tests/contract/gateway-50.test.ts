import { throughGateway } from './through-gateway.ts'

throughGateway(50, 'mixed')

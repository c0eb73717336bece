export { isLoopback, plainAddress } from './address.ts'
export { isCidr, matchesCidr } from './cidr.ts'
export { type Listener, type ListenerHost, openListener } from './listener.ts'
export { type Elsewhere, Network, type NetworkLimits, type NetworkOptions, networkLimits } from './network.ts'

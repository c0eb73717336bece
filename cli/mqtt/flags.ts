/** How to reach the broker as a client. */
export interface BrokerFlags {
  readonly broker?: string
  readonly mqttVersion: '3.1' | '3.1.1' | '5'
  readonly qos: '0' | '1' | '2'
  readonly clientId?: string
  readonly username?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly insecure?: boolean
}

export interface PublishFlags extends BrokerFlags {
  readonly topic: string
  readonly payload?: string
  readonly retain?: boolean
  readonly contentType?: string
  readonly responseTopic?: string
  readonly expiry?: number
  readonly property?: readonly string[]
}

export interface SubscribeFlags extends BrokerFlags {
  readonly topic: readonly string[]
  readonly count?: number
  readonly format?: string
  readonly retained: boolean
}

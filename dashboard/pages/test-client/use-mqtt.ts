import { useEffect, useRef, useState } from 'react'
import { type Arrived, type ConnectOptions, MqttClient, type Qos } from '../../mqtt/mqtt-client.ts'

/** Entries of the log that a page keeps. */
const keptEntries = 500

export interface Entry {
  readonly id: number
  readonly at: number
  readonly kind: 'received' | 'sent' | 'told'
  readonly text: string
  readonly message?: Arrived
}

export interface Subscription {
  readonly filter: string
  readonly qos: Qos
}

/** A client that lives as long as the page is shown. */
export function useMqtt() {
  const client = useRef<MqttClient | undefined>(undefined)
  const [state, setState] = useState<'off' | 'connecting' | 'on'>('off')
  const [entries, setEntries] = useState<readonly Entry[]>([])
  const [subscriptions, setSubscriptions] = useState<readonly Subscription[]>([])
  const next = useRef(1)
  const note = (kind: Entry['kind'], text: string, message?: Arrived) => {
    const entry = { id: next.current++, at: Date.now(), kind, text, ...(message && { message }) }
    setEntries(before => [entry, ...before].slice(0, keptEntries))
  }
  useEffect(() => () => client.current?.end(), [])
  const connect = (options: ConnectOptions) => {
    client.current?.end()
    setState('connecting')
    let made: MqttClient | undefined
    const mine = () => made !== undefined && client.current === made
    try {
      made = new MqttClient(options, {
        connected: detail => {
          if (!mine()) return
          setState('on')
          note('told', `CONNACK: ${detail}`)
        },
        closed: reason => {
          if (!mine()) return
          setState('off')
          setSubscriptions([])
          note('told', reason)
        },
        acknowledged: what => mine() && note('told', what),
        message: message => mine() && note('received', message.topic, message),
      })
      client.current = made
    } catch (error) {
      setState('off')
      note('told', (error as Error).message)
    }
  }
  return {
    state,
    entries,
    subscriptions,
    connect,
    disconnect: () => client.current?.end(),
    clear: () => setEntries([]),
    subscribe: (one: Subscription) => {
      client.current?.subscribe(one.filter, one.qos)
      setSubscriptions(before => [...before.filter(({ filter }) => filter !== one.filter), one])
    },
    unsubscribe: (filter: string) => {
      client.current?.unsubscribe(filter)
      setSubscriptions(before => before.filter(one => one.filter !== filter))
    },
    publish: (given: { topic: string; payload: string; qos: Qos; retain: boolean }) => {
      client.current?.publish(given)
      note('sent', `${given.topic}: ${given.payload.slice(0, 200)}`)
    },
  }
}

export type Mqtt = ReturnType<typeof useMqtt>

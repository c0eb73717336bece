import { Socket, type SocketConstructorOpts } from 'node:net'

/** What Node sets on a socket that is made with `onread`, and does not document. */
interface ReadingSocket {
  _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null
  [key: symbol]: unknown
}

/**
 * Node lets a socket read into a given buffer (`onread`) only where the caller makes the socket; for an accepted one it
 * allocates 64 KiB at every read. So this sets on an accepted socket what Node sets on one made with `onread`, and is
 * false where Node has become another than the one we know: nothing is changed then. `onRead` is called as a method of the
 * socket, and stops reading by returning false.
 */
export function readsInto(
  accepted: Socket,
  buffer: Buffer,
  onRead: (this: Socket, bytes: number, buffer: Buffer) => boolean,
): boolean {
  const socket = accepted as unknown as ReadingSocket
  const handle = socket._handle
  if (onreadKeys === undefined || typeof handle?.useUserBuffer !== 'function') return false
  socket[onreadKeys.buffer] = buffer
  socket[onreadKeys.callback] = onRead
  handle.useUserBuffer(buffer)
  return true
}

const onreadKeys = findOnreadKeys()

/** Found by what a socket that was made with `onread` holds under them, not by their names. */
function findOnreadKeys(): { readonly buffer: symbol; readonly callback: symbol } | undefined {
  const buffer = Buffer.alloc(1)
  const callback = () => true
  const probe = new Socket({ onread: { buffer, callback } } as SocketConstructorOpts)
  const keys = Object.getOwnPropertySymbols(probe)
  const keyOf = (value: unknown) => keys.find(key => (probe as unknown as ReadingSocket)[key] === value)
  const found = { buffer: keyOf(buffer), callback: keyOf(callback) }
  probe.destroy()
  return found.buffer && found.callback ? { buffer: found.buffer, callback: found.callback } : undefined
}

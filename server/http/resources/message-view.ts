import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { Message } from '../../../kernel/plugin.ts'
import { guarantee, time, timeOf } from './names.ts'

/** Bytes of a payload that a list shows; the message itself is shown whole. */
export const previewBytes = 1_024

const body = {
  topic: z.string(),
  qos: guarantee,
  payloadBytes: z.int(),
  encoding: z.enum(['text', 'base64']).describe('text: the payload is UTF-8 and stands as it is.'),
  publishedAt: time,
  expiresAt: time.nullable(),
  clientId: z.string().nullable().describe('Who published it.'),
}

export const messagePreview = z.strictObject({
  ...body,
  payload: z.string().describe(`Its first ${previewBytes} bytes.`),
})

export const messageView = z.strictObject({
  ...body,
  payload: z.string(),
  contentType: z.string().nullable(),
  responseTopic: z.string().nullable(),
  properties: z.array(z.tuple([z.string(), z.string()])).describe('User properties, in order.'),
})

/** `payload`: its first bytes, where the message's own are only lent. */
export function showPreview(
  message: Message,
  payload = message.payload.subarray(0, previewBytes),
): z.infer<typeof messagePreview> {
  return { ...headOf(message), ...payloadOf(payload) }
}

export function showMessage(message: Message): z.infer<typeof messageView> {
  return {
    ...headOf(message),
    ...payloadOf(message.payload),
    contentType: message.contentType ?? null,
    responseTopic: message.replyTo ?? null,
    properties: message.headers.map(([name, value]) => [name, value]),
  }
}

function headOf({ topic, guarantee, payload, publishedAt, expiresAt, from }: Message) {
  return {
    topic,
    qos: guarantee,
    payloadBytes: payload.length,
    publishedAt: timeOf(publishedAt),
    expiresAt: expiresAt === undefined ? null : timeOf(expiresAt),
    clientId: from ?? null,
  }
}

export function payloadOf(bytes: Uint8Array): { payload: string; encoding: 'text' | 'base64' } {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  // A cut may fall into a character: up to three bytes of it are left out.
  const cuts = bytes.length < previewBytes ? 0 : 3
  for (let cut = 0; cut <= cuts; cut++) {
    const part = whole.subarray(0, whole.length - cut)
    if (!isUtf8(part)) continue
    const text = part.toString()
    // Control characters that no text has: it only looks like UTF-8.
    if (hasControls(text)) break
    return { payload: text, encoding: 'text' }
  }
  return { payload: whole.toString('base64'), encoding: 'base64' }
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 && code !== 9 && code !== 10 && code !== 13) return true
  }
  return false
}

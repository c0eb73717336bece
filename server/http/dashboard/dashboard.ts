import type { FastifyReply, FastifyRequest } from 'fastify'
import { type BuiltFile, BuiltFiles, encoded } from './built-files.ts'

/** Paths of programs: an unknown one is a problem document, never a page. */
const notPages = /^\/(api|assets|health|events|metrics|livez|readyz|openapi\.json)(\/|$)/

/** Answers what no route answers: files of the dashboard, and its page for every address of its own. */
export class Dashboard {
  readonly #files = BuiltFiles.find()

  /** Undefined: it is not the dashboard's. */
  answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> | undefined {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const path = request.url.replace(/[?#].*/, '')
    const file = this.#files?.at(path) ?? this.#pageAt(path, request.headers.accept)
    return file && send(file, request, reply)
  }

  #pageAt(path: string, accept = ''): BuiltFile | undefined {
    // Names with an ending are files; a missing one must not look like a page.
    if (notPages.test(path) || /\.\w+$/.test(path) || !(path === '/' || accept.includes('text/html'))) return undefined
    return this.#files?.at('/index.html')
  }
}

async function send(file: BuiltFile, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { type, immutable, etag } = file
  reply.headers({
    'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
    etag,
  })
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  const accepted = request.headers['accept-encoding']
  const { bytes, encoding } = await encoded(file, String(accepted ?? ''))
  if (encoding !== undefined) reply.header('content-encoding', encoding)
  return reply.type(type).send(bytes)
}

import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { openApi } from '../http/openapi.ts'
import { apiReference } from '../http/reference.ts'
import { routes } from '../http/routes.ts'

export function printApiSchema(): ExitCode {
  process.stdout.write(`${JSON.stringify(openApi(routes), null, 2)}\n`)
  return exitCodes.ok
}

export function printApiReference(): ExitCode {
  process.stdout.write(apiReference(routes))
  return exitCodes.ok
}

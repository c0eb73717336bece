import { execFileSync } from 'node:child_process'
import path from 'node:path'

/** A self-signed certificate of 127.0.0.1, made by openssl. */
export function makeCertificate(directory: string): { readonly cert: string; readonly key: string } {
  const files = { cert: path.join(directory, 'cert.pem'), key: path.join(directory, 'key.pem') }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', files.key]
  const subject = ['-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...newKey, ...subject, '-out', files.cert], { stdio: 'ignore' })
  return files
}

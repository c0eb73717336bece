import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Docker } from './docker.ts'

const here = import.meta.dirname
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
const node = join(cache, 'robustmq-test-services', 'docker-node-24')

/**
 * Gives a Docker with `debian:bookworm-slim` what else it would get from its registry, under the same name: made of Debian's
 * packages and npm's. `prometheus` is the name that is wanted of that image.
 */
export async function makeImages(docker: Docker, { prometheus }: { readonly prometheus: string }): Promise<void> {
  if (!existsSync(join(node, 'node_modules/.package-lock.json'))) {
    await docker.run(`npm install --prefix ${node} --no-audit --no-fund --ignore-scripts=false node@24 npm@11`)
  }
  const registry = '--build-arg REGISTRY="$(npm config get registry)"'
  await docker.run(
    `docker build --quiet --file ${here}/node.Dockerfile --tag node:24-bookworm-slim ${registry} ${node}`,
  )
  await docker.run(`
    folder=$(mktemp -d) && trap 'rm -r "$folder"' EXIT
    cp "$(command -v prometheus)" "$folder"
    docker build --quiet --file ${here}/prometheus.Dockerfile --tag ${prometheus} "$folder"`)
}

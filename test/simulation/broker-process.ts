import { createKernel, type Kernel } from '../../kernel/index.ts'
import type { Protocol, ProtocolPlugin, StoragePlugin } from '../../kernel/plugin.ts'
import { mqtt } from '../../protocols/mqtt/index.ts'
import type { Disk } from '../../storage-plugins/file/disk.ts'
import { type FileOptions, fileOn } from '../../storage-plugins/file/index.ts'
import type { SimulatedDisk } from '../support/simulated-disk.ts'
import { type ClientSide, Link } from './link.ts'
import type { Owner, World } from './world.ts'

export interface Sizes {
  readonly maxInflight: number
  readonly spoolCacheBytes: number
  readonly spoolBlock: number
}

export interface ProcessOptions {
  readonly world: World
  readonly disk: SimulatedDisk
  /** What the storage sees of the disk: one that lies, where a check has to fail. */
  readonly seen?: (disk: Disk) => Disk
  /** The storage as the kernel sees it: one that breaks its promises, where a check has to fail. */
  readonly storage?: (plugin: StoragePlugin<FileOptions>) => StoragePlugin<FileOptions>
  readonly sizes: Sizes
}

const quiet = { memory: () => 0, cpu: () => 0, disk: async () => undefined }

/** The whole broker on one disk, from its start to the end of its process. */
export class BrokerProcess implements Owner {
  alive = true
  /** Resolves when it is dead. */
  readonly died: Promise<void>
  /** Clients can connect. */
  serving = false
  readonly #options: ProcessOptions
  readonly #links = new Set<Link>()
  #protocol: Protocol | undefined
  #kernel: Kernel | undefined
  #onDied: () => void = () => {}

  constructor(options: ProcessOptions) {
    this.#options = options
    this.died = new Promise(resolve => {
      this.#onDied = resolve
    })
    const { disk, world } = options
    disk.latency = () => {
      if (world.random.chance(0.4)) return undefined
      return world.sleep(world.random.chance(0.05) ? world.random.next() * 40 : world.random.next() * 3, this)
    }
    void disk.died.then(() => this.#dead())
  }

  /** @throws what the kernel says when it cannot start. Never ends when the process dies meanwhile. */
  async start(): Promise<void> {
    const { world, disk, sizes, seen = disk => disk, storage = plugin => plugin } = this.#options
    world.process = this
    const plugin: typeof mqtt = {
      ...mqtt,
      open: async (host, options) => (this.#protocol = await mqtt.open(host, options)),
    }
    this.#kernel = await createKernel({
      protocols: [
        {
          plugin: plugin as ProtocolPlugin<never>,
          options: { sysInterval: 0, clientEvents: false, maxInflight: sizes.maxInflight },
        },
      ],
      storage: {
        plugin: storage(fileOn(seen(disk))) as never,
        options: { directory: '/data', segment: 4_096, batch: 4_096, snapshot: 4_096 },
      },
      clock: { now: () => world.now, after: (ms, work) => world.after(ms, work, this) },
      limits: { spoolCacheBytes: sizes.spoolCacheBytes },
      spoolBlock: sizes.spoolBlock,
      alarms: { probes: quiet },
    })
    // The server ends itself then.
    this.#kernel.events.on('storage.failed', () => world.after(world.random.next() * 20, () => this.kill(), this))
    this.serving = true
  }

  connect(client: ClientSide): Link | undefined {
    if (!this.serving || !this.alive) return undefined
    const link = new Link(this.#options.world, this, client)
    this.#links.add(link)
    link.onGone = () => this.#links.delete(link)
    void this.#protocol?.serve(link)
    return link
  }

  /** Stops in an orderly way. */
  async close(): Promise<void> {
    this.serving = false
    // The disk may fail meanwhile: then it has ended, though not in order.
    await Promise.race([this.died, this.#kernel?.close().catch(() => {})])
    this.kill()
  }

  kill(): void {
    this.#options.disk.kill()
    this.#dead()
  }

  #dead(): void {
    if (!this.alive) return
    this.alive = false
    this.serving = false
    for (const link of this.#links) link.orphan()
    this.#links.clear()
    this.#onDied()
  }
}

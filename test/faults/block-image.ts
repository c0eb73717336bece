import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const imageBytes = 128 * 1_048_576
/** No commit of the file system's own within a test: what is on the device is there because somebody synced it. */
const mountOptions = 'loop,commit=600'

/** A file system of its own, in a file behind a loop device: what reached that file has reached the device. */
export class BlockImage implements AsyncDisposable {
  readonly #folder: string
  #cuts = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Makes an ext4 file system and mounts it. Rejects where that is not allowed: it takes root and a loop device. */
  static async create(): Promise<BlockImage> {
    const image = new BlockImage(await mkdtemp(path.join(tmpdir(), 'block-image-')))
    try {
      await mkdir(image.directory)
      await run('truncate', ['-s', `${imageBytes}`, image.#file])
      await run('mkfs.ext4', ['-q', image.#file])
      await run('mount', ['-o', mountOptions, image.#file, image.directory])
      return image
    } catch (error) {
      await rm(image.#folder, { recursive: true })
      throw error
    }
  }

  /** Where it is mounted. */
  get directory(): string {
    return path.join(this.#folder, 'mounted')
  }

  /**
   * Cuts the power, for a writer that has just been killed: what was only in the page cache is gone. The image is
   * copied while it is mounted, then the copy is checked, its journal replayed, and it takes the place of the old one.
   */
  async cutPower(): Promise<void> {
    const before = this.#file
    this.#cuts++
    await run('cp', ['--sparse=always', before, this.#file])
    await run('umount', [this.directory])
    await rm(before)
    // 1: it was not unmounted, and has been put right by its journal.
    await run('e2fsck', ['-p', this.#file]).catch((error: { code?: number; stdout?: string }) => {
      if (error.code !== 1) throw new Error(`the file system is damaged: ${error.stdout}`)
    })
    await run('mount', ['-o', mountOptions, this.#file, this.directory])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.directory])
    await rm(this.#folder, { recursive: true })
  }

  get #file(): string {
    return path.join(this.#folder, `image-${this.#cuts}`)
  }
}

/** Why there can be none on this machine; undefined when there can. */
export async function whyNoBlockImage(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'only Linux has loop devices'
  try {
    await (await BlockImage.create())[Symbol.asyncDispose]()
    return undefined
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    return `it takes root, a loop device and mkfs.ext4: ${(stderr || message).trim().split('\n').at(-1)}`
  }
}

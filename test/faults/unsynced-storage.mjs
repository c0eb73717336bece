// A storage that lies: files as the broker keeps them, but nothing is ever synced. The control of power-loss.test.ts.
import { fileOn } from '../../dist/storage-plugins/file/index.js'
import { realDisk } from '../../dist/storage-plugins/file/real-disk.js'

const lying = {
  ...realDisk,
  async open(path, mode) {
    const file = await realDisk.open(path, mode)
    file.sync = async () => {}
    return file
  },
  async syncDirectory() {},
}

export const unsynced = { ...fileOn(lying), name: 'unsynced' }

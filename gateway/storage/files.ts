import { type FileHandle, open, rename, rm, truncate } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

const OWNER_ONLY = 0o600

/**
 * Changes of files, each on the disk when it resolves: what was written is synced, and so is the directory in which a
 * name appeared, moved or went. A write counts as done only when all of it is written; a full disk takes half of it.
 */
export interface Files {
  /** Makes a file that is not there yet; rejects with EEXIST when it is. What cannot be written whole is removed. */
  create(file: string, text: string): Promise<void>
  /** Makes a file or writes over it; a crash may leave half of it. What cannot be written whole is removed. */
  write(file: string, text: string, mode?: number): Promise<void>
  /** Adds to the end of a file, or nothing when it cannot be written whole. A crash may leave half of it. */
  append(file: string, text: string): Promise<void>
  /** Puts a file in the place of another, at once. */
  move(from: string, to: string): Promise<void>
  /** Cuts a file to a length in bytes. */
  truncate(file: string, length: number): Promise<void>
  /** Removes a file, if it is there. */
  remove(file: string): Promise<void>
}

/** The disk's files. New ones are the owner's only, unless a mode says otherwise. */
export const durableFiles: Files = {
  async create(file, text) {
    const handle = await open(file, 'wx', OWNER_ONLY)
    await orRemove(file, writeWhole(handle, text))
    await syncDirectory(dirname(file))
  },

  async write(file, text, mode = OWNER_ONLY) {
    const handle = await open(file, 'w', mode)
    // The mode of `open` is of new files only, and less what the process masks.
    await handle.chmod(mode)
    await orRemove(file, writeWhole(handle, text))
    await syncDirectory(dirname(file))
  },

  async append(file, text) {
    const handle = await open(file, 'a', OWNER_ONLY)
    const { size } = await handle.stat()
    try {
      await writeWhole(handle, text)
      if (size === 0) await syncDirectory(dirname(file))
    } catch (error) {
      await truncate(file, size).catch(ignore)
      throw error
    }
  },

  async move(from, to) {
    await rename(from, to)
    // Rejecting would say that nothing moved.
    await syncDirectory(dirname(to)).catch(ignore)
  },

  async truncate(file, length) {
    const handle = await open(file, 'r+')
    try {
      await handle.truncate(length)
      await handle.sync()
    } finally {
      await handle.close()
    }
  },

  async remove(file) {
    await rm(file, { force: true })
    await syncDirectory(dirname(file))
  }
}

/** Puts a text in the place of a file's, whole or not at all, also over a crash. */
export async function replaceFile(files: Files, file: string, text: string): Promise<void> {
  await files.write(`${file}.next`, text)
  await files.move(`${file}.next`, file)
}

/** Why a file operation failed, in a few words: the system's code, the call and the file's name, no directory. */
export function failureOf(error: unknown): string {
  if (error instanceof SuppressedError) return failureOf(error.suppressed)
  if (!(error instanceof Error)) return String(error)
  if (!('code' in error) || typeof error.code !== 'string') return error.message
  const call = 'syscall' in error && typeof error.syscall === 'string' ? ` in ${error.syscall}` : ''
  const name = 'path' in error && typeof error.path === 'string' ? ` of ${basename(error.path)}` : ''
  return error.code + call + name
}

async function writeWhole(handle: FileHandle, text: string): Promise<void> {
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function orRemove(file: string, written: Promise<void>): Promise<void> {
  try {
    await written
  } catch (error) {
    await rm(file, { force: true }).catch(ignore)
    throw error
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The failure that led here is the one to tell. */
function ignore(): void {}

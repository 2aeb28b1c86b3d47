// @ts-check
// Every file below a directory.
import { Buffer } from 'node:buffer'
import { readdir } from 'node:fs/promises'

/**
 * @typedef {object} Found
 * @property {Buffer[]} files paths below the root, as bytes: a name need not be UTF-8
 * @property {number} links symbolic links: not followed, or a file would have two names and a circle no end
 * @property {number} special sockets, pipes, devices: reading one may never end
 * @property {string[]} unreadable folders we may not look into: what is in them cannot be hashed
 */

/** @param {string} root @returns {Promise<Found>} */
export async function walk(root) {
  /** @type {Found} */
  const found = { files: [], links: 0, special: 0, unreadable: [] }
  const folders = [Buffer.alloc(0)]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await look(root, folder, found)) {
      const path = Buffer.concat([folder, entry.name])
      if (entry.isDirectory()) folders.push(Buffer.concat([path, Buffer.from('/')]))
      else if (entry.isFile()) found.files.push(path)
      else if (entry.isSymbolicLink()) found.links++
      else found.special++
    }
  }
  return found
}

/** @param {string} root @param {Buffer} folder @param {Found} found */
async function look(root, folder, found) {
  try {
    const path = Buffer.concat([Buffer.from(`${root}/`), folder])
    return await readdir(path, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    // Removed since its parent was read: then there is nothing in it to hash.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') found.unreadable.push(message)
    return []
  }
}

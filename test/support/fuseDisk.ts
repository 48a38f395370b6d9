/**
 * A disk in memory that speaks FUSE: `node fuseDisk.ts DIRECTORY` mounts it there and prints that. While this process is stopped
 * (SIGSTOP) the disk does not answer: calls neither succeed nor fail. When it is killed, they fail. Once a process has looked up the
 * file `.silent`, it stops itself as soon as no file is open, and prints that. It prints the calls that make data
 * durable, in order: `fsync`, `fsyncdir` and `rename`.
 */
import { Buffer } from "node:buffer"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import process from "node:process"

interface Inode {
  readonly id: number
  mode: number
  data: Buffer
  readonly names: Map<string, Inode>
  atSeconds: number
}

const [ENOENT, EEXIST, ENOSYS, ENOTEMPTY] = [-2, -17, -38, -39]
const DIRECTORY = 0o040000
const inodes = new Map<number, Inode>()
let nextId = 1
const make = (mode: number): Inode => {
  const inode = { id: nextId++, mode, data: Buffer.alloc(0), names: new Map(), atSeconds: Math.floor(Date.now() / 1000) }
  inodes.set(inode.id, inode)
  return inode
}
make(DIRECTORY | 0o700)

/** Little-endian fields: a number is 32 bits, a bigint 64. */
function fields(...values: ReadonlyArray<number | bigint>): Buffer {
  const buffer = Buffer.alloc(values.reduce<number>((sum, one) => sum + (typeof one === "bigint" ? 8 : 4), 0))
  let at = 0
  for (const one of values) {
    at = typeof one === "bigint" ? buffer.writeBigUInt64LE(one, at) : buffer.writeUInt32LE(one, at)
  }
  return buffer
}

function attributes({ id, mode, data, atSeconds }: Inode): Buffer {
  const [size, at] = [BigInt(data.length), BigInt(atSeconds)]
  return fields(BigInt(id), size, (size + 511n) / 512n, at, at, at, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
}
/** The kernel caches nothing: every lookup comes here. */
const entry = (inode: Inode) => Buffer.concat([fields(BigInt(inode.id), 0n, 0n, 0n, 0, 0), attributes(inode)])
const attributesOnce = (inode: Inode) => Buffer.concat([fields(0n, 0, 0), attributes(inode)])
const OPENED = fields(0n, 1, 0)

const text = (body: Buffer, from: number) => body.toString("utf8", from, body.indexOf(0, from))

function write(inode: Inode, offset: number, bytes: Buffer): void {
  const data = Buffer.alloc(Math.max(inode.data.length, offset + bytes.length))
  inode.data.copy(data)
  bytes.copy(data, offset)
  inode.data = data
}

function directory(inode: Inode, offset: number): Buffer {
  const entries = [...inode.names].map(([name, { id, mode }], i) => {
    const bytes = Buffer.from(name)
    const head = fields(BigInt(id), BigInt(i + 1), bytes.length, mode >> 12)
    return Buffer.concat([head, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])
  })
  return Buffer.concat(entries.slice(offset)).subarray(0, 4096)
}

function create(parent: Inode, name: string, mode: number): Inode {
  const inode = make(mode)
  parent.names.set(name, inode)
  return inode
}

function remove(parent: Inode, name: string): Buffer | number {
  const gone = parent.names.get(name)
  if (gone === undefined) return ENOENT
  if (gone.names.size > 0) return ENOTEMPTY
  parent.names.delete(name)
  return Buffer.alloc(0)
}

function rename(from: Inode, body: Buffer, namesAt: number): Buffer | number {
  const to = inodes.get(Number(body.readBigUInt64LE(0))) as Inode
  const name = text(body, namesAt)
  const moved = from.names.get(name)
  if (moved === undefined) return ENOENT
  from.names.delete(name)
  to.names.set(text(body, namesAt + Buffer.byteLength(name) + 1), moved)
  return Buffer.alloc(0)
}

function change(inode: Inode, body: Buffer): Buffer {
  const valid = body.readUInt32LE(0)
  if ((valid & 1) !== 0) inode.mode = (inode.mode & 0o170000) | (body.readUInt32LE(68) & 0o7777)
  if ((valid & 8) !== 0) {
    const size = Number(body.readBigUInt64LE(16))
    inode.data = Buffer.concat([inode.data, Buffer.alloc(Math.max(0, size - inode.data.length))]).subarray(0, size)
  }
  return attributesOnce(inode)
}

/** The answer to a request, an error, or undefined where none is expected. */
function answer(opcode: number, inode: Inode, body: Buffer): Buffer | number | undefined {
  switch (opcode) {
    case 1: {
      const found = inode.names.get(text(body, 0))
      return found === undefined ? ENOENT : entry(found)
    }
    case 2:
    case 36:
    case 42:
      return undefined
    case 3:
      return attributesOnce(inode)
    case 4:
      return change(inode, body)
    case 8:
      return inode.names.has(text(body, 16)) ? EEXIST : entry(create(inode, text(body, 16), body.readUInt32LE(0)))
    case 9:
      return inode.names.has(text(body, 8)) ? EEXIST : entry(create(inode, text(body, 8), DIRECTORY | body.readUInt32LE(0)))
    case 10:
    case 11:
      return remove(inode, text(body, 0))
    case 12:
      return rename(inode, body, 8)
    case 45:
      return rename(inode, body, 16)
    case 14:
    case 27:
      return OPENED
    case 15: {
      const offset = Number(body.readBigUInt64LE(8))
      return inode.data.subarray(offset, offset + body.readUInt32LE(16))
    }
    case 16:
      write(inode, Number(body.readBigUInt64LE(8)), body.subarray(40))
      return fields(body.readUInt32LE(16), 0)
    case 17:
      return fields(1n << 20n, 1n << 20n, 1n << 20n, 1n << 20n, 1n << 20n, 4096, 255, 4096, 0, 0, 0, 0, 0, 0, 0)
    case 18:
    case 20:
    case 25:
    case 29:
    case 30:
      return Buffer.alloc(0)
    case 26:
      return Buffer.concat([fields(7, 31, body.readUInt32LE(8), 0, 0, 65_536, 1, 0), Buffer.alloc(32)])
    case 28:
      return directory(inode, Number(body.readBigUInt64LE(8)))
    case 35:
      return inode.names.has(text(body, 16))
        ? EEXIST
        : Buffer.concat([entry(create(inode, text(body, 16), body.readUInt32LE(4))), OPENED])
    default:
      return ENOSYS
  }
}

const TOLD: Readonly<Record<number, string>> = { 12: "rename", 20: "fsync", 30: "fsyncdir", 45: "rename" }

let open = 0
let isToBeSilent = false

const device = fs.openSync("/dev/fuse", "r+")
const options = `fd=3,rootmode=${(DIRECTORY | 0o700).toString(8)},user_id=0,group_id=0`
const mount = spawnSync("mount", ["-i", "-t", "fuse", "-o", options, "fairlead-test", process.argv[2] as string], {
  stdio: ["ignore", "inherit", "inherit", device]
})
if (mount.status !== 0) process.exit(1)
process.stdout.write("mounted\n")
const request = Buffer.alloc(1 << 20)
for (;;) {
  const length = fs.readSync(device, request)
  const [opcode, unique] = [request.readUInt32LE(4), request.readBigUInt64LE(8)]
  if (TOLD[opcode] !== undefined) process.stdout.write(`${TOLD[opcode]}\n`)
  const inode = inodes.get(Number(request.readBigUInt64LE(16)))
  const found = opcode === 26 || inode !== undefined
  const reply = found ? answer(opcode, inode as Inode, request.subarray(40, length)) : ENOENT
  if (reply === undefined) continue
  if (opcode === 14 || (opcode === 35 && typeof reply !== "number")) open++
  if (opcode === 18) open--
  if (opcode === 1 && text(request, 40) === ".silent") isToBeSilent = true
  const [error, body] = typeof reply === "number" ? [reply, Buffer.alloc(0)] : [0, reply]
  const head = Buffer.alloc(16)
  head.writeUInt32LE(16 + body.length, 0)
  head.writeInt32LE(error, 4)
  head.writeBigUInt64LE(unique, 8)
  try {
    fs.writevSync(device, [Buffer.concat([head, body])])
  } catch (cause) {
    // The caller was killed, or gave the call up: the kernel wants no answer.
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause
  }
  if (isToBeSilent && open === 0) {
    isToBeSilent = false
    fs.writeSync(1, "silent\n")
    process.kill(process.pid, "SIGSTOP")
  }
}

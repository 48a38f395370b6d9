/** A process that takes a lock and keeps it until it is killed: `lockHolder.ts NAME`. Prints `mine`, or which process holds it. */
import process from "node:process"
import { Disk } from "../../src/adapters/file/Disk.ts"
import { isTaken, take } from "../../src/adapters/file/lock.ts"

const lock = await take(process.argv[2] ?? "", new Disk(10_000))
process.stdout.write(isTaken(lock) ? `taken by ${lock.owner}\n` : `mine ${process.pid}\n`)
if (!isTaken(lock)) setInterval(() => {}, 1_000_000)

/** Asks the database at the best of some addresses: `node examples/pg.ts 192.0.2.10:5432 192.0.2.11:5432` */
import { createFairlead, lateSocket } from "fairlead"
import process from "node:process"
import pg from "pg"

await using fairlead = await createFairlead({ upstreams: { db: { candidates: process.argv.slice(2) } } })
const stream = () => lateSocket(() => fairlead.connect("db"))
const pool = new pg.Pool({ connectionString: "postgres://app:secret@db.example/app", stream })
const { rows } = await pool.query("select 1 + 1 as sum")
console.log(`the sum is ${rows[0].sum}`)
await pool.end()

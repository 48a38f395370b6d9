/** A file that changes in all the ways in which files change. */
import { afterEach, assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { FileWatch } from "../../src/adapters/node/watchFile.ts"
import { until } from "../support/servers.ts"

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-watch-"))
let made = 0
let open: Array<FileWatch> = []

afterEach(() => {
  for (const watch of open) watch.close()
  open = []
})

/** A watched file; `change` does something to it and waits until that was told. */
async function watched(options: { pollMs?: number; quietMs?: number; latestMs?: number } = {}) {
  const directory = path.join(scratch, String(made++))
  fs.mkdirSync(directory)
  const file = path.join(directory, "fairlead.yaml")
  fs.writeFileSync(file, "0")
  let told = 0
  // What was there to be read when it was told.
  let text = ""
  const watch = new FileWatch(file, { pollMs: 200, quietMs: 20, latestMs: 400, silentMs: 5_000, ...options }, () => {
    told++
    text = fs.readFileSync(file, "utf8")
  })
  open.push(watch)
  await until("the first look was told", () => told === 1)
  return {
    directory,
    file,
    watch,
    told: () => told,
    change: async (what: string, act: () => void, wanted: string) => {
      act()
      await until(what, () => text === wanted)
    }
  }
}

describe("a watched file", () => {
  it("is told of when it is written in place, again and again", async () => {
    const { file, change } = await watched()
    for (const text of ["one", "two", "three"]) await change(text, () => fs.writeFileSync(file, text), text)
  })

  it("is told of when an editor replaces it, also twice", async () => {
    const { file, change } = await watched()
    for (const text of ["one", "two"]) {
      await change(text, () => {
        fs.writeFileSync(`${file}.new`, text)
        fs.renameSync(`${file}.new`, file)
      }, text)
    }
  })

  it("is told of when it was gone and came back", async () => {
    const { file, change, told } = await watched()
    const before = told()
    fs.unlinkSync(file)
    await new Promise((resolve) => fs.stat(scratch, resolve))
    await change("it is back", () => fs.writeFileSync(file, "back"), "back")
    assert.isAbove(told(), before)
  })

  it("is told of when a link on the way to it was turned", async () => {
    const { directory, file, change } = await watched()
    for (const name of ["a", "b"]) {
      fs.mkdirSync(path.join(directory, name))
      fs.writeFileSync(path.join(directory, name, "fairlead.yaml"), name)
    }
    const data = path.join(directory, "..data")
    fs.symlinkSync("a", data)
    await change("it is a link", () => {
      fs.unlinkSync(file)
      fs.symlinkSync("..data/fairlead.yaml", file)
    }, "a")
    await change("the link was turned", () => {
      fs.symlinkSync("b", `${data}.new`)
      fs.renameSync(`${data}.new`, data)
    }, "b")
  })

  it("is told of when its whole directory was replaced, and after that", async () => {
    const { directory, file, change } = await watched()
    await change("the other directory's file", () => {
      fs.mkdirSync(`${directory}.new`)
      fs.writeFileSync(path.join(`${directory}.new`, "fairlead.yaml"), "other")
      fs.renameSync(directory, `${directory}.old`)
      fs.renameSync(`${directory}.new`, directory)
    }, "other")
    await change("a write in it", () => fs.writeFileSync(file, "more"), "more")
  })

  it("that never rests is told of all the same, and not each time", async () => {
    const { file, told } = await watched({ quietMs: 50, latestMs: 200 })
    const before = told()
    let writes = 0
    const writing = setInterval(() => fs.writeFileSync(file, String(writes++)), 5)
    await until("it was told while being written", () => told() >= before + 2)
    clearInterval(writing)
    assert.isBelow(told() - before, writes / 3)
  })

  it("is not told of when others in its directory change", async () => {
    const { directory, file, told, change } = await watched()
    await change("the last word", () => fs.writeFileSync(file, "mine"), "mine")
    const before = told()
    for (let i = 0; i < 50; i++) fs.writeFileSync(path.join(directory, `log-${i}`), "x")
    await change("its own change", () => fs.writeFileSync(file, "mine again"), "mine again")
    assert.isAtMost(told() - before, 2)
  })

  it("is not told of any more once it is closed", async () => {
    const { file, watch, told } = await watched()
    const other = await watched()
    watch.close()
    const before = told()
    fs.writeFileSync(file, "late")
    await other.change("somebody else's change", () => fs.writeFileSync(other.file, "late"), "late")
    assert.strictEqual(told(), before)
  })
})

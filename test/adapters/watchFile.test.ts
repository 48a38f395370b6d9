/** A watched file that changes in all the ways in which files change. */
import { afterEach, assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { watchFile } from "../../src/adapters/node/watchFile.ts"
import { until } from "../support/servers.ts"

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-watch-"))
let made = 0
let open: Array<() => void> = []

afterEach(() => {
  for (const close of open) close()
  open = []
})

/** A watched file; `change` changes it and waits until that is reported. */
async function watched(options: { pollMs?: number; quietMs?: number; latestMs?: number } = {}) {
  const directory = path.join(scratch, String(made++))
  fs.mkdirSync(directory)
  const file = path.join(directory, "fairlead.yaml")
  fs.writeFileSync(file, "0")
  let told = 0
  // The text of the file when it was last reported.
  let text = ""
  const changes = watchFile(file, { pollMs: 200, quietMs: 20, latestMs: 400, silentMs: 5_000, ...options })
  const close = Effect.runCallback(Stream.runForEach(changes, () =>
    Effect.sync(() => {
      told++
      text = fs.readFileSync(file, "utf8")
    })))
  open.push(close)
  await until("the first check was reported", () => told === 1)
  return {
    directory,
    file,
    close,
    told: () => told,
    change: async (what: string, act: () => void, wanted: string) => {
      act()
      await until(what, () => text === wanted)
    }
  }
}

describe("a watched file", () => {
  it("is reported each time it is written in place", async () => {
    const { file, change } = await watched()
    for (const text of ["one", "two", "three"]) await change(text, () => fs.writeFileSync(file, text), text)
  })

  it("is reported each time an editor replaces it", async () => {
    const { file, change } = await watched()
    for (const text of ["one", "two"]) {
      await change(text, () => {
        fs.writeFileSync(`${file}.new`, text)
        fs.renameSync(`${file}.new`, file)
      }, text)
    }
  })

  it("is reported when it was removed and is created again", async () => {
    const { file, change, told } = await watched()
    const before = told()
    fs.unlinkSync(file)
    await new Promise((resolve) => fs.stat(scratch, resolve))
    await change("it is back", () => fs.writeFileSync(file, "back"), "back")
    assert.isAbove(told(), before)
  })

  it("is reported when a symbolic link on its path changes", async () => {
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

  it("is reported when its whole directory is replaced, and after that", async () => {
    const { directory, file, change } = await watched()
    await change("the other directory's file", () => {
      fs.mkdirSync(`${directory}.new`)
      fs.writeFileSync(path.join(`${directory}.new`, "fairlead.yaml"), "other")
      fs.renameSync(directory, `${directory}.old`)
      fs.renameSync(`${directory}.new`, directory)
    }, "other")
    await change("a write in it", () => fs.writeFileSync(file, "more"), "more")
  })

  it("that is written all the time is reported too, but not for each write", async () => {
    const { file, told } = await watched({ quietMs: 50, latestMs: 200 })
    const before = told()
    let writes = 0
    const writing = setInterval(() => fs.writeFileSync(file, String(writes++)), 5)
    await until("it was reported while being written", () => told() >= before + 2)
    clearInterval(writing)
    assert.isBelow(told() - before, writes / 3)
  })

  it("is not reported when other files in its directory change", async () => {
    const { directory, file, told, change } = await watched()
    await change("the last word", () => fs.writeFileSync(file, "mine"), "mine")
    const before = told()
    for (let i = 0; i < 50; i++) fs.writeFileSync(path.join(directory, `log-${i}`), "x")
    await change("its own change", () => fs.writeFileSync(file, "mine again"), "mine again")
    assert.isAtMost(told() - before, 2)
  })

  it("is not reported once the watch is interrupted", async () => {
    const { file, close, told } = await watched()
    const other = await watched()
    close()
    const before = told()
    fs.writeFileSync(file, "late")
    await other.change("the other file's change", () => fs.writeFileSync(other.file, "late"), "late")
    assert.strictEqual(told(), before)
  })
})

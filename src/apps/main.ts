/** The program. Two things come before everything else, so the rest is loaded after them. */
import "./threads.ts"
import { restore } from "./denoFirst.ts"

void import("./program.ts").then(({ program }) => {
  restore()
  program()
})

import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'

/**
 * No server outlives the test process, however that ends. An exit hook alone would miss SIGKILL, and a test runner
 * kills workers that hang; so a shell holds the list of pids and kills what is left on it once our end of its pipe is gone.
 * It is detached, since Ctrl-C reaches a whole process group and would take it down first.
 */
const SHELL = `
alive=' '
while read -r sign pid; do
  case $sign in
    +) alive="$alive$pid " ;;
    -) alive="\${alive%% "$pid" *} \${alive#* "$pid" }" ;;
  esac
done
for pid in $alive; do kill -KILL "$pid"; done
`

let shell: ChildProcess | undefined

function tell(line: string): void {
  if (shell === undefined) {
    shell = spawn('sh', ['-c', SHELL], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    shell.unref()
    if (shell.stdin !== null && 'unref' in shell.stdin) (shell.stdin as unknown as { unref(): void }).unref()
  }
  shell.stdin?.write(`${line}\n`)
}

/** Kills this child when the test process ends before the child does. */
export function reap(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  tell(`+ ${pid}`)
  // Its number may be given to a stranger from now on.
  child.once('exit', () => tell(`- ${pid}`))
}

const folders = new Set<string>()

process.on('exit', () => {
  for (const folder of folders) remove(folder)
})

/** Removes this folder with `dropFolder`, at the latest when the test process ends by itself. */
export function keepFolder(folder: string): void {
  folders.add(folder)
}

export function dropFolder(folder: string): void {
  folders.delete(folder)
  remove(folder)
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

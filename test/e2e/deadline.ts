import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves as soon as `holds` does; rejects after `seconds`, saying `what` did not come true, and `details()`. */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  seconds: number,
  details: () => string = () => '',
): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Not within ${seconds} s: ${what}. ${details()}`)
    await sleep(20)
  }
}

import { alertApp } from '../alertapp.ts'
import { runAlerts } from '../alerts/alerts.ts'
import { scheduled } from './middy.ts'

/** The Lambda handler of the alerts function, which is called once a minute. */
export function alerts() {
  return scheduled('alerts', async (entry) => {
    entry.alerts = await runAlerts(alertApp())
  })
}

import type { Finding } from './finding';
import { objectAt, type Resource } from './template';

/**
 * Members of a site's configuration that Flex Consumption has no use for. Some regions ignore them, others refuse the
 * site with the error 51021.
 * https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations
 */
const REFUSED = [
  'alwaysOn',
  'ftpsState',
  'functionAppScaleLimit',
  'functionsRuntimeScaleMonitoringEnabled',
  'linuxFxVersion',
  'netFrameworkVersion',
  'powerShellVersion',
  'preWarmedInstanceCount',
  'use32BitWorkerProcess',
  'windowsFxVersion',
];

/** Settings that `functionAppConfig` or the platform has taken over. */
const TAKEN_OVER =
  /^(FUNCTIONS_(EXTENSION_VERSION|WORKER_)|ENABLE_ORYX_BUILD$|SCM_DO_BUILD_|TZ$|WEBSITE_(CONTENT|NODE_DEFAULT_|RUN_FROM_PACKAGE$|TIME_ZONE$))/;

/** What would make the deployment of the app fail, or do nothing, on its plan. */
export function findRefusedByFlex(resources: Resource[]): Finding[] {
  return resources.flatMap(({ path, type, properties, module }) => {
    if (type === 'Microsoft.Web/sites') {
      const named = Object.keys(objectAt(properties, 'siteConfig'));
      return named
        .filter((name) => REFUSED.includes(name))
        .map((name) => ({ where: path, what: `Flex Consumption refuses siteConfig.${name}` }));
    }
    if (type !== 'Microsoft.Web/sites/config/appsettings') return [];
    const settings = Object.values(module.variables).flatMap((each) => Object.keys(objectAt(each)));
    return settings
      .filter((name) => TAKEN_OVER.test(name))
      .map((name) => ({
        where: path,
        what: `Flex Consumption has no use for the setting ${name}`,
      }));
  });
}

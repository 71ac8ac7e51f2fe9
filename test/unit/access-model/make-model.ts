import type { AccessModel } from '../../../shared/domain/access-model/access-model';
import { readAccessModel } from '../../../shared/domain/access-model/read-access-model';

const policy = {
  displayName: 'Birthright',
  description: 'Assigned on joining.',
  expiration: { type: 'noExpiration' },
  approval: { required: false },
};

export const aPackage = (key: string, members: object = {}) => ({
  key,
  catalog: 'main',
  displayName: `Package ${key}`,
  description: 'For a test.',
  resources: [
    {
      originSystem: 'AadGroup',
      originId: '10000000-0000-4000-8000-000000000001',
      role: 'Member',
    },
  ],
  policy,
  ...members,
});

export const aRule = (id: string, when: object, packages: string[]) => ({
  id,
  description: 'For a test.',
  when,
  packages,
});

export const aModel = (members: object = {}) => ({
  version: 1,
  leadDays: 7,
  timeZones: { default: 'UTC', byLocation: { Berlin: 'Europe/Berlin' } },
  catalogs: [{ key: 'main', displayName: 'Main', description: 'For a test.' }],
  accessPackages: [aPackage('finance')],
  birthrights: [aRule('finance', { attribute: 'department', equals: 'Finance' }, ['finance'])],
  ...members,
});

export function faultsOf(model: object | string): string[] {
  const read = readAccessModel(typeof model === 'string' ? model : JSON.stringify(model));
  return read.kind === 'faults' ? read.faults : [];
}

/** A model with its defaults filled in; throws with every fault if it has any. */
export function parsedModel(members: object = {}): AccessModel {
  const read = readAccessModel(JSON.stringify(aModel(members)));
  if (read.kind === 'faults') throw new Error(read.faults.join('\n'));
  return read.model;
}

import { Complaint } from '../../connection';
import { fault, ok, type Finding } from '../finding';
import type { Patient } from '../patient';

/** Whether the app would start with its access model. */
export async function checkModel({ model, config }: Patient): Promise<Finding[]> {
  try {
    const { model: rules, hash } = await model();
    return [ok(`${rules.accessPackages.length} access packages; hash ${hash.slice(0, 12)}`)];
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    const [heading = '', ...faults] = error.message.split('\n');
    const about = config.accessModel;
    if (faults.length === 0) {
      const todo = 'set ACCESS_MODEL to the path or blob URL of one that can be read';
      return [fault({ name: 'model-unreadable', about, text: heading, todo })];
    }
    const todo = 'mend the file; docs/access-model.md explains each member';
    return faults.map((text) => fault({ name: 'model-fault', about, text: text.trim(), todo }));
  }
}

/** `--backbone` of the steps that train a network with a head on a grid: what it stands on. */

import { UserError } from "../errors";
import type { OptionTable } from "./option";

export const BACKBONES = ["resnet38", "efficientnet-lite2"] as const;

export type Backbone = (typeof BACKBONES)[number];

export interface BackboneConfig {
  readonly backbone: Backbone;
  readonly freezeBackbone: boolean;
}

const group = "Method";

/** @param freezes whether EfficientNet-Lite2 stays as it is by default */
export function backboneOptions(freezes: boolean): OptionTable<BackboneConfig> {
  return {
    backbone: {
      kind: "choice",
      affects: "fit",
      choices: BACKBONES,
      default: "resnet38",
      group,
      help: "what the network stands on: the reference's ResNet38, or EfficientNet-Lite2, which a2gnn setup fetches and a laptop trains",
    },
    freezeBackbone: {
      kind: "boolean",
      affects: "fit",
      default: freezes,
      group,
      help: "EfficientNet-Lite2 stays as it is and only the head learns; ResNet38 always learns",
    },
  };
}

/** @throws UserError "usage" */
export function checkBackbone({ backbone, freezeBackbone, weights }: BackboneConfig & { weights: string }): void {
  if (backbone === "efficientnet-lite2" && freezeBackbone && weights === "none")
    throw new UserError("usage", "--freeze-backbone needs weights of the backbone, not --weights none");
}

import { learn } from "/work/wt/learn/src/learn/learn";
import { useBackend } from "/work/wt/learn/src/backend";
const t=(s:string,a:number)=>console.log(s,((performance.now()-a)/1000).toFixed(2), (process.cpuUsage().user/1e6).toFixed(1));
async function main(){
let a=performance.now(); await useBackend("native",{threads:1}); t("backend",a);
const q={voc12Root:"/work/wt/learn/data/mini",list:"train.txt",model:"deeplab-v2-vgg16",weights:"none",width:2,labelEpochs:1,features:"handcrafted",networkSteps:2,batchSize:2,cropSize:33,flip:false,out:"/tmp/prof-out"} as const;
a=performance.now(); await learn.run({...q,dryRun:true}); t("dry",a);
a=performance.now(); await learn.run({...q,dryRun:true}); t("dry2",a);
require("fs").writeFileSync("/tmp/l4.txt", require("fs").readFileSync(q.voc12Root+"/ImageSets/Segmentation/train.txt","utf8").split("\n").slice(0,4).join("\n")+"\n");
require("fs").rmSync("/tmp/prof-out",{recursive:true,force:true});
a=performance.now(); const s=await learn.run({...q,list:"/tmp/l4.txt"}); t("run",a); console.log(JSON.stringify(s.stages));
require("fs").rmSync("/tmp/prof-out",{recursive:true,force:true});
a=performance.now(); const s2=await learn.run({...q,list:"/tmp/l4.txt"}); t("run2",a); console.log(JSON.stringify(s2.stages));
}
main().catch(console.error);

using System.CommandLine;
using Lumos.Core;
using Lumos.LiveImage;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary>
/// <c>./lumos push</c>: new programs, manifests and methods into the running machine. Its /usr is read-only, so copies in
/// memory are bound over what they replace, and the daemons are restarted. A reboot brings back what the image holds.
/// </summary>
internal static class PushCommand
{
    /// <summary>Runs in the global zone with a tar archive as its input, which it unpacks beside the earlier pushes.</summary>
    private const string Install = """
        set -e
        new=/run/lumos-push/$(date +%s%N)
        mkdir -p $new && cd $new && tar -xmf -
        over() {
            if [ ! -e "$2" ]; then echo "not on the image, so not pushed: $2 (build the image anew)" >&2; return 0; fi
            while mountpoint -q "$2" || grep -q " $2 " /proc/self/mountinfo; do umount -l "$2"; done
            mount --bind "$1" "$2"
        }
        over $new/lumos /usr/lib/lumos/lumos
        over $new/lumos-init /usr/lib/lumos/lumos-init
        if [ -e $new/lumos-imgapi ]; then over $new/lumos-imgapi /usr/lib/lumos/lumos-imgapi; svcadm restart svc:/network/imgapi:default; fi
        over $new/manifest /usr/lib/svc/manifest
        over $new/zone-manifest /usr/lib/svc/zone-manifest
        over $new/method /usr/lib/svc/method
        over $new/share /usr/lib/svc/share
        lumos help | while read -r name rest; do
            command -v $name >/dev/null || echo "new command, no link on the image yet: call it as \"lumos $name\"" >&2
        done
        svcadm restart svc:/system/smartdc/vminfod:default
        svcadm restart svc:/system/smartdc/vmadmd:default
        for exe in /proc/[0-9]*/exe; do
            pid=${exe#/proc/}; pid=${pid%/exe}
            if [ "$(cut -c1-10 /proc/$pid/comm 2>/dev/null)" = svc.startd ] && [ "$(cut -d' ' -f4 /proc/$pid/stat)" = 1 ]; then kill -KILL $pid; fi
        done
        """;

    public static Command Create(Checkout checkout)
    {
        var command = new Command("push", "Put the checkout's programs, manifests and methods into the running machine, without an image build");
        var imgapi = new Option<bool>("--imgapi") { Description = "The image server as well, which is another program to compile" };
        command.Options.Add(imgapi);
        command.SetAction(parsed => Run(checkout, parsed.GetValue(imgapi)));
        return command;
    }

    private static int Run(Checkout checkout, bool imgapi)
    {
        var machine = Running.Machine(checkout);
        Prerequisites.Ensure(Need.Compile, yes: false);
        var stages = new Stages(Path.Combine(checkout.Logs, "push.log"));
        var binaries = stages.Telling(() => PlatformBuilder.BuildBinaries(Artifacts.Options(checkout, stages, locked: false)));
        string? server = imgapi ? stages.Telling(() => PlatformBuilder.BuildImageServer(Artifacts.Options(checkout, stages, locked: false))) : null;
        stages.Run("copy and restart the daemons", () =>
        {
            string tree = Path.Combine(checkout.Out, "push");
            if (Directory.Exists(tree))
            {
                Directory.Delete(tree, recursive: true);
            }
            Directory.CreateDirectory(tree);
            File.Copy(binaries.Lumos, Path.Combine(tree, "lumos"));
            File.Copy(binaries.Init, Path.Combine(tree, "lumos-init"));
            if (server is not null)
            {
                File.Copy(server, Path.Combine(tree, "lumos-imgapi"));
            }
            string archive = Path.Combine(checkout.Out, "push.tar");
            foreach (var (from, to) in new[] { ("manifest/global", "manifest"), ("manifest/zone", "zone-manifest"), ("method", "method"), ("share", "share") })
            {
                HostCommand.Run(["cp", "-r", Path.Combine(checkout.Root, "smf", from), Path.Combine(tree, to)], TimeSpan.FromSeconds(30)).OrThrow();
            }
            HostCommand.Run(["tar", "-C", tree, "--owner=0", "--group=0", "-cf", archive, "."], TimeSpan.FromSeconds(30)).OrThrow();
            using var input = File.OpenRead(archive);
            var run = HostCommand.RunWithFile(machine.Ssh.Attached(["sh", "-c", Install], terminal: false), input, TimeSpan.FromMinutes(3)).OrThrow();
            stages.Note(run.Output + run.ErrorOutput);
            if (run.ErrorOutput.Trim() is { Length: > 0 } remarks)
            {
                stages.Say(remarks);
            }
        });
        Console.Error.WriteLine("Pushed. PID 1 itself stays as it was; a reboot of the machine brings back the image's files.");
        return 0;
    }
}

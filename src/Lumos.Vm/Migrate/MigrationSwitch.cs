using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Send;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Migrate;

/// <summary>
/// The end of a migration, from the stop of the VM here to its start there (see <see cref="VmMigration"/>). The caller holds the
/// VM's lock throughout.
/// </summary>
internal sealed class MigrationSwitch(VmHost host, IMigrationTarget target, MigrationReport report, TimeSpan patience)
{
    private const int Questions = 6;

    internal Outcome Run(string uuid, ReceiverHoldings? held, bool full)
    {
        var vm = host.Load(uuid);
        var name = ZoneName.Parse(vm.Spec.ZoneName);
        var mark = new MigrationMark(MigrationPhase.Stopped, target.Name, vm.Status.State.CanHalt, vm.Spec.Autoboot);
        try
        {
            host.Zones.Save(mark.PutOn(host.Zones.Load(name)));
            if (mark.Runs)
            {
                report.Stage("stopping");
                if (!vm.Status.State.CanShutdown || !host.Runtime.Shutdown(name, ZoneShutdown.Halt, VmLifecycle.StopTime))
                {
                    host.Runtime.Halt(name);
                }
                vm = host.Load(uuid);
            }
            report.Stage("sending the rest");
            var outgoing = new VmSender(host).Prepare(vm, new SendWishes { Holdings = held, Full = full }, autoboot: false, boots: false);
            _ = VmMigration.Send(host, target, outgoing, report, $"VM {uuid} was not moved and is here as it was: \"vmadm migrate {uuid} {target.Name}\" goes on, "
                + $"\"vmadm migrate --abort {uuid} {target.Name}\" removes what is there");
            report.Stage("installing");
            if (target.Run(["install", uuid]) is { Succeeded: false } answer)
            {
                _ = target.Run(["delete", uuid]);
                throw VmMigration.Failed(answer, $"VM {uuid} was not moved and is here as it was: {target.Name} did not install it");
            }
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            RunHereAgain(host, uuid);
            throw;
        }
        mark = mark with { Phase = MigrationPhase.Switching };
        host.Zones.Save(mark.PutOn(host.Zones.Load(name) with { Autoboot = false }));
        return StartThere(uuid, mark);
    }

    /// <summary>Has the target start the VM, and notes that it is there; or finds that it is not, and takes it back.</summary>
    internal Outcome StartThere(string uuid, MigrationMark mark)
    {
        report.Stage($"starting on {target.Name}");
        string[] words = mark.Runs ? ["start", uuid] : mark.Autoboot ? ["update", uuid, "autoboot=true"] : ["get", uuid];
        var answer = target.Run(words);
        if (!answer.Succeeded)
        {
            string? state = Ask(uuid) ?? throw VmMigration.Failed(answer, $"VM {uuid} is stopped here, and {target.Name}, which was told to run it, does not answer. "
                + $"When it does, \"vmadm migrate {uuid} {target.Name}\" settles it; if you know that it does not run there and will not, "
                + $"\"vmadm migrate --abort --force {uuid} {target.Name}\" runs it here");
            if (state != VmState.Running)
            {
                _ = target.Run(["delete", uuid]);
                RunHereAgain(host, uuid);
                throw VmMigration.Failed(answer, $"VM {uuid} was not moved and is here as it was: it did not come up on {target.Name}");
            }
        }
        var name = host.Loader.Entry(uuid)!.Name;
        host.Zones.Save((mark with { Phase = MigrationPhase.Moved, Target = target.Name }).PutOn(host.Zones.Load(name) with { Autoboot = false }));
        host.Publish(uuid);
        return new Outcome($"Successfully moved VM {uuid} to {target.Name}; it is kept here, stopped: \"vmadm migrate --finish {uuid}\" removes it");
    }

    /// <summary>The VM is here and nowhere else: as it was before it was stopped.</summary>
    internal static void RunHereAgain(VmHost host, string uuid)
    {
        var name = host.Loader.Entry(uuid)!.Name;
        if (MigrationMark.Of(host.Zones.Load(name)) is { } mark)
        {
            bool boots = mark.Runs && host.Runtime.Status(name).State.CanBoot;
            var recovery = new Recovery(host);
            if (boots)
            {
                // Without its mark a VM that is stopped says no more that it is to run: this note does.
                host.Trace("write down that it is to boot");
                recovery.NoteBoot(uuid, restarts: null, endsWithPower: true);
            }
            host.Trace("take the mark of the migration off");
            TakeMarkOff(host, name);
            if (boots)
            {
                host.Say($"starting VM {uuid} here again");
                host.Trace("boot");
                recovery.BootNoted(uuid, name.Text, endsWithPower: true);
            }
        }
        host.Publish(uuid);
    }

    /// <summary>The VM is here and nowhere else, and its configuration as it was. Does nothing for one that is not on its way.</summary>
    internal static void TakeMarkOff(VmHost host, ZoneName name)
    {
        if (host.Zones.TryLoad(name) is { } config && MigrationMark.Of(config) is { } mark)
        {
            host.Zones.Save(config.WithAttr(MigrationMark.Name, null) with { Autoboot = mark.Autoboot });
        }
    }

    /// <summary>The VM's state at the target; "gone": it has none; null: there is no answer.</summary>
    internal string? Ask(string uuid)
    {
        for (int question = 1; ; question++)
        {
            var answer = target.Run(["get", uuid]);
            if (answer.Status is not null)
            {
                return answer.Succeeded ? State(answer.Output) : answer.Error.Contains("No such zone configured", StringComparison.Ordinal) ? "gone" : null;
            }
            if (question == Questions)
            {
                return null;
            }
            Thread.Sleep(patience);
        }
    }

    private static string? State(string json)
    {
        try
        {
            return (string?)JsonNode.Parse(json)?["state"];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}

using System.Text.Json.Nodes;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// A start, stop or reboot of one VM with its note: what was asked for is written down before the first step, so that a kill between
/// two steps leaves nothing half done. The caller holds the VM's lock.
/// </summary>
public sealed class RunChange(VmHost host, string uuid, ZoneName zone)
{
    public const string Start = "start", Stop = "stop", Reboot = "reboot";

    private const string Autoboot = "autoboot", Halts = "halts";

    /// <summary>What is to be known of a stop: autoboot as it was.</summary>
    public static UnfinishedWork Stopping(bool autoboot) => Of(Stop, new JsonObject { [Autoboot] = autoboot });

    /// <param name="autoboot">As it is to be.</param>
    public static UnfinishedWork Starting(bool autoboot = true) => Of(Start, new JsonObject { [Autoboot] = autoboot });

    /// <param name="halts">The zone is halted when its time is up.</param>
    public static UnfinishedWork Rebooting(bool halts) => Of(Reboot, new JsonObject { [Halts] = halts });

    /// <summary>A reboot is under way, or was cut short, that does not leave a zone alone that takes too long to go down.</summary>
    public static bool HaltsInTheEnd(VmHost host, string uuid) =>
        host.Unfinished.TryRead(uuid) is { Verb: Reboot } work && Forces(work);

    /// <summary>Carries out the steps under the note. What fails is told to who asked, and nobody tries it again.</summary>
    public void Do(UnfinishedWork work, Action steps)
    {
        host.Trace($"write down that a {work.Verb} is under way");
        host.Unfinished.Write(uuid, work);
        try
        {
            steps();
            host.Trace("remove the note");
        }
        finally
        {
            host.Unfinished.Remove(uuid);
        }
    }

    /// <summary>Goes on with one that was cut short.</summary>
    public void GoOn(UnfinishedWork work)
    {
        host.Runtime.ResumeShutdown(zone);
        var status = host.Runtime.Status(zone);
        if (work.Verb == Reboot && StillGoesDown(work, status))
        {
            return; // the note stays: vmadmd comes back when the time is up
        }
        try
        {
            switch (work.Verb)
            {
                case Start:
                    SetAutoboot(work.Facts[Autoboot]?.GetValue<bool>() ?? true);
                    Boot();
                    break;
                case Reboot:
                    FinishReboot(status, Forces(work));
                    break;
                case Stop:
                    FinishStop(status, work.Facts[Autoboot]?.GetValue<bool>() ?? false);
                    break;
            }
        }
        finally
        {
            host.Unfinished.Remove(uuid);
        }
    }

    public void SetAutoboot(bool value)
    {
        var config = host.Zones.Load(zone);
        if (config.Autoboot != value)
        {
            host.Trace($"set autoboot={(value ? "true" : "false")}");
            host.Zones.Save(config with { Autoboot = value });
        }
    }

    private static UnfinishedWork Of(string verb, JsonObject facts) => new(verb, facts) { EndsWithPower = true };

    private static bool Forces(UnfinishedWork work) => work.Facts[Halts]?.GetValue<bool>() == true;

    private bool StillGoesDown(UnfinishedWork work, ZoneStatus status) =>
        Forces(work)
        && status is { State: ZoneState.ShuttingDown, Transition: { To: ZoneState.Running } transition }
        && transition.Expires > host.Clock.GetUtcNow();

    // One that runs was not asked yet, or is up again. One that was asked, and is given all the time it takes, comes up by itself.
    private void FinishReboot(ZoneStatus status, bool forces)
    {
        if (status.State == ZoneState.ShuttingDown && (forces || status.Transition?.To != ZoneState.Running))
        {
            host.Trace("halt");
            host.Runtime.Halt(zone);
        }
        Boot();
    }

    // A zone that was asked to stop, or told to, is let go: whoever ran in it knows of the end by now.
    private void FinishStop(ZoneStatus status, bool autoboot)
    {
        if (status.State is ZoneState.Running or ZoneState.Ready or ZoneState.Mounted)
        {
            SetAutoboot(autoboot);
            return;
        }
        SetAutoboot(false);
        if (status.State == ZoneState.Down)
        {
            host.Trace("halt");
            host.Runtime.Halt(zone);
        }
    }

    private void Boot()
    {
        if (host.Runtime.Status(zone).State.CanBoot)
        {
            host.Trace("boot");
            Recovery.Boot(() => new Booter(host).Boot(zone.Text));
        }
    }
}

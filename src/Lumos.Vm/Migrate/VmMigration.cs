using System.Diagnostics;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Send;
using Lumos.Zones;

namespace Lumos.Vm.Migrate;

/// <summary>What a migration tells while it goes on.</summary>
/// <param name="Stage">A new part begins.</param>
/// <param name="Progress">Bytes of the stream that is under way.</param>
public sealed record MigrationReport(Action<string> Stage, Action<long> Progress);

/// <summary>
/// Moves a VM to another machine: asks there whether it could be received, sends it while it runs, again and again what changed meanwhile
/// (<see cref="MigrationRounds"/>), stops it, sends the rest, installs it there and starts it there.
/// <para>
/// Who may run it, step by step. Until the target is told to start it, it cannot start there by itself: it is received and then installed
/// without autoboot. So up to there every failure, a target that died included, ends with the VM running here again, by this
/// process or, when that was killed, by vmadmd, or at the next boot (<see cref="MigrationPhase.Stopped"/>; autoboot is still
/// set). Before the target is told to start it, autoboot is cleared here and that is written down (<see cref="MigrationPhase.Switching"/>): from
/// then on only the target knows. When it answers, the VM is where it says; when it does not, the VM is not started here, since it may
/// run there, until the target was asked (the same command again) or somebody who knows it to be dead says so (--abort --force).
/// </para>
/// <para>
/// What is here after a success is kept, stopped, until --finish. What is there after a failure is kept when a stream was cut, since the next try goes on with it, and
/// deleted when the VM did not install or start. The target is reached by its vmadm alone (<see cref="IMigrationTarget"/>).
/// </para>
/// One migration of a VM at a time (a lock of its own); the VM's lock is held for snapshots, and from the stop on.
/// </summary>
public sealed class VmMigration(VmHost host, IMigrationTarget target, MigrationReport report)
{
    private readonly VmSender _sender = new(host);

    /// <summary>Between looks at a target that does not answer when told to start the VM.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Looks at the target; says what would be done.</summary>
    public Outcome Rehearse(string uuid, bool full)
    {
        var vm = host.Load(uuid);
        var header = _sender.Announce(vm, full);
        var held = Check(header);
        string size = held is not null ? "part of it is there" : $"about {new ByteCount(header.Bytes)}";
        return new Outcome($"VM {uuid} ({vm.State}, {size}) can be moved to {target.Name}", Changed: false);
    }

    /// <summary>Moves the VM, or settles a move that was cut while the target was to start it.</summary>
    /// <exception cref="LumosException">What failed; the message says where the VM is.</exception>
    public Outcome Move(string uuid, bool full)
    {
        using var only = Only(uuid);
        var config = host.Zones.Load(ZoneName.Parse(host.Load(uuid).Spec.ZoneName));
        switch (MigrationMark.Of(config))
        {
            case { Phase: MigrationPhase.Moved } moved:
                throw new LumosException("VmMoved", $"VM {uuid} was moved to {moved.Target} already: \"vmadm migrate --finish {uuid}\" removes what is left of it here");
            case { Phase: MigrationPhase.Switching } switching:
                using (host.Lock(uuid))
                {
                    return new MigrationSwitch(host, target, report, Patience).StartThere(uuid, switching);
                }
            case { Phase: MigrationPhase.Stopped }:
                using (host.Lock(uuid))
                {
                    // It may have been installed there, and cannot have been started.
                    if (new MigrationSwitch(host, target, report, Patience).Ask(uuid) == VmState.Stopped)
                    {
                        _ = target.Run(["delete", uuid]);
                    }
                    MigrationSwitch.RunHereAgain(host, uuid);
                }
                break;
        }
        report.Stage($"asking {target.Name}");
        var held = Rounds(uuid, Check(_sender.Announce(host.Load(uuid), full)), full);
        using (host.Lock(uuid))
        {
            return new MigrationSwitch(host, target, report, Patience).Run(uuid, held, full);
        }
    }

    internal static FileLock Only(VmHost host, string uuid) =>
        FileLock.Acquire(Path.Combine(host.Layout.Locks, $"migrate.{uuid}.lock"), TimeSpan.Zero);

    private FileLock Only(string uuid) => Only(host, uuid);

    private ReceiverHoldings? Check(StreamHeader header)
    {
        var answer = target.Run(["receive", "--check"], input => VmSender.WriteAnnouncement(header, input));
        if (!answer.Succeeded)
        {
            throw Failed(answer, $"VM {header.Uuid} cannot be moved to {target.Name}");
        }
        return answer.Output.Trim() is var token and not "-" ? ReceiverHoldings.FromToken(token) : null;
    }

    private ReceiverHoldings? Rounds(string uuid, ReceiverHoldings? held, bool full)
    {
        long? before = null;
        for (int round = 1; round <= MigrationRounds.Most; round++)
        {
            OutgoingVm outgoing;
            using (host.Lock(uuid))
            {
                var vm = host.Load(uuid);
                if (!vm.Status.State.CanHalt)
                {
                    return held; // nothing changes it while it is copied once
                }
                outgoing = _sender.Prepare(vm, new SendWishes { Holdings = held, Full = full }, autoboot: false, boots: false);
            }
            report.Stage($"sending, round {round}");
            var clock = Stopwatch.StartNew();
            long bytes = Send(host, target, outgoing, report, $"VM {uuid} was not moved and runs on here: \"vmadm migrate {uuid} {target.Name}\" goes on, "
                + $"\"vmadm migrate --abort {uuid} {target.Name}\" removes what is there");
            held = After(outgoing);
            if (MigrationRounds.IsLast(round, bytes, clock.Elapsed, before))
            {
                break;
            }
            before = bytes;
        }
        return held;
    }

    /// <summary>Sends to the target, which has it when this returns.</summary>
    internal static long Send(VmHost host, IMigrationTarget target, OutgoingVm outgoing, MigrationReport report, string sentence)
    {
        long bytes = 0;
        var answer = target.Run(["receive"], input => bytes = new VmSender(host).Write(outgoing, input, report.Progress).Bytes);
        return answer.Succeeded ? bytes : throw Failed(answer, sentence);
    }

    /// <summary>What the target has when it has received this.</summary>
    private static ReceiverHoldings After(OutgoingVm outgoing) => new(outgoing.Header.Uuid, null, outgoing.Header.Final,
        [.. outgoing.Header.Datasets.Select(d => new HeldDataset(d.Path, [.. d.Snapshots.Select(s => s.Guid)]))]);

    internal static LumosException Failed(TargetResult answer, string sentence)
    {
        string said = answer.Error.Length > 0 ? answer.Error : answer.Status is { } status ? $"it ended with status {status}" : "there was no answer";
        return new LumosException(answer.Status is null ? "TargetLost" : "TargetFailed", sentence, inner: new LumosException("Target", said));
    }
}

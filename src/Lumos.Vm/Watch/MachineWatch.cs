using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Qemu;
using Lumos.Linux.Handles;
using Lumos.Zones;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Watch;

/// <summary>One machine that is listened to, from the first look until its QEMU is gone. Belongs to the thread of <see cref="MachineWatcher"/>.</summary>
internal sealed class MachineWatch : IDisposable
{
    /// <summary>What QEMU may say in a tick; whoever says more is not heard until the next.</summary>
    private const int MostBytesInTick = 256 << 10;

    /// <summary>A firmware (SeaBIOS) resets the machine once more before it starts it again: that is one restart of the guest.</summary>
    private static readonly TimeSpan SameRestart = TimeSpan.FromSeconds(3);

    /// <summary>Lines of a log that one boot may cost: a guest restarts itself as often as it likes.</summary>
    private const int MostLines = 100;

    private readonly ZoneName _name;
    private readonly string _file;
    private readonly JsonLog _log;
    private readonly QmpWatch _qmp;
    private MachineLife _life, _written;
    private TimeSpan _lastWrite = TimeSpan.MinValue;
    private TimeSpan? _lastReset;
    private int _heard, _lines;

    private MachineWatch(ZoneName name, string file, MachineLife life, JsonLog log, QmpWatch qmp)
    {
        (_name, _file, _log, _qmp) = (name, file, log, qmp);
        (_life, _written) = (life, life);
    }

    internal ZoneName Name => _name;

    internal int Boot => _life.Boot;

    internal FileDescriptor Descriptor => _qmp.Descriptor;

    /// <summary>Null: it is not held.</summary>
    internal Hold? Hold { get; private set; }

    /// <summary>It waits for a tick: to be heard again, to have something written, to go on.</summary>
    internal bool NeedsTicks => Hold is not null || IsTooLoud || _life != _written;

    internal bool IsTooLoud => _heard > MostBytesInTick;

    /// <summary>A look for room is under way on another thread.</summary>
    internal bool IsLooking { get; set; }

    /// <summary>Connects. How the machine is, is asked once QEMU says hello.</summary>
    /// <exception cref="LumosException">QmpSilent.</exception>
    internal static MachineWatch Begin(ZoneLayout layout, ZoneName name, int boot, JsonLog log)
    {
        string file = layout.LifeFile(name);
        var life = MachineLife.TryRead(file) is { } known && known.Boot == boot ? known : new MachineLife { Boot = boot };
        return new MachineWatch(name, file, life, log, QmpWatch.Connect(layout.EventSocket(name)));
    }

    /// <summary>Takes what QEMU has said. False: it is gone.</summary>
    /// <exception cref="LumosException">QmpSilent: it is of no use to listen.</exception>
    internal bool Hear(TimeSpan now)
    {
        var said = _qmp.Take(out int bytes);
        _heard += bytes;
        foreach (var message in said ?? [])
        {
            Hear(message, now);
        }
        Write(now);
        return said is not null;
    }

    /// <summary>Lets the guest go on where it was held.</summary>
    internal void LetGo(TimeSpan now)
    {
        Hold = Hold?.LetGo(now);
        _qmp.Send("cont");
    }

    internal void FoundNoRoom(TimeSpan now) => Hold = Hold?.Waits(now);

    internal void Tick(TimeSpan now)
    {
        _heard = 0;
        if (Hold?.IsOver(now) == true)
        {
            Hold = null;
            _log.Info("the machine goes on: its disks take writes again", ("vm", _name.Text));
        }
        Write(now);
    }

    /// <summary>What its configuration comes to now; null: it cannot be told.</summary>
    internal void Compare(string? digest, TimeSpan now)
    {
        _life = _life with { ConfigurationIsOld = _life.Configuration is { } booted && digest is not null && booted != digest };
        Write(now);
    }

    internal void Gone(bool? wasToStop)
    {
        _life = _life.Gone(wasToStop);
        Write(TimeSpan.MaxValue);
    }

    public void Dispose() => _qmp.Dispose();

    private void Hear(QmpMessage message, TimeSpan now)
    {
        if (message is QmpMessage.Hello)
        {
            _qmp.Send("query-status"); // what became of it while nobody listened
        }
        if (message is QmpMessage.Event { Name: "RESET" })
        {
            bool again = now - _lastReset < SameRestart;
            _lastReset = now;
            if (again)
            {
                return;
            }
        }
        var before = _life;
        _life = before.After(message);
        if (_life.RunState == MachineLife.IoError && Hold is null)
        {
            Hold = Hold.Begin(now);
            _log.Warn("the machine is held: a disk takes no writes, mostly for want of room in its pool; it goes on by itself when there is some", ("vm", _name.Text));
        }
        Hold = Hold?.Seen(_life.RunState != MachineLife.IoError, now);
        if (_life.Resets != before.Resets && _lines++ < MostLines)
        {
            _log.Info(_life.ConfigurationIsOld ? "the guest has restarted itself, on the machine as it was booted: its changed configuration is taken by the next boot of the VM (vmadm reboot)"
                : "the guest has restarted itself", ("vm", _name.Text));
        }
        if (_life.RunState == MachineLife.Panicked && before.RunState != MachineLife.Panicked && _lines++ < MostLines)
        {
            _log.Warn("the guest has panicked", ("vm", _name.Text));
        }
        if (_life.End is { } end && before.End is null)
        {
            _log.Info("the machine goes down", ("vm", _name.Text), ("reason", end));
        }
    }

    // At most once a tick, but for the end: each write is an event to all who listen to vminfod.
    private void Write(TimeSpan now)
    {
        if (_life == _written || (_lastWrite != TimeSpan.MinValue && now - _lastWrite < MachineWatcher.Tick && _life.End == _written.End))
        {
            return;
        }
        try
        {
            _life.Write(_file);
            _written = _life;
            _lastWrite = now;
        }
        catch (IOException e)
        {
            _log.Warn("what becomes of a machine cannot be written down", ("vm", _name.Text), ("error", LumosException.Describe(e)));
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Display;

/// <summary>
/// Shows the screens of hardware VMs (VNC), on the admin address alone.
///
/// QEMU has no network. So the port is ours: for each machine that runs we listen, and hand whoever connects over to its QEMU, which speaks with the viewer by itself
/// from then on. A viewer therefore stays when we end, and costs us nothing while it looks.
/// Ownership. The loop's thread opens and closes ports, as records of zones come and go and configurations change (inotify); each port has a task that waits for viewers, one after
/// the other, since QEMU takes one command at a time.
/// On disk. The port that was found is in the zone's run folder, for <c>vmadm info</c>, and for whoever takes our place: viewers find it at the same number.
/// The password is read when a viewer comes: a change counts from the next one on.
/// </summary>
public sealed class DisplayServer : IDisposable
{
    private const FileEvents FolderEvents = FileEvents.MovedTo | FileEvents.Deleted | FileEvents.OnlyDirectory;

    /// <summary>A port that could not be had, or an address that is not there yet, is looked for again.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    private readonly VmHost _host;
    private readonly JsonLog _log;
    private readonly Func<IPAddress?> _address;
    private readonly EventLoop _loop = new();
    private readonly Inotify _inotify = Inotify.Create();
    private readonly TimerFd _timer = TimerFd.Create();
    private readonly Dictionary<ZoneName, DisplayPort> _ports = [];
    private readonly HashSet<ZoneName> _wanting = [];
    private readonly Thread _thread;

    /// <summary>Begins to serve.</summary>
    /// <param name="address">Where to listen; null: the admin address.</param>
    public DisplayServer(VmHost host, JsonLog log, Func<IPAddress?>? address = null)
    {
        (_host, _log, _address) = (host, log, address ?? AdminAddress.Find);
        foreach (string folder in (string[])[host.Layout.States, host.Layout.Configurations])
        {
            Directory.CreateDirectory(folder);
            _inotify.Watch(folder, FolderEvents); // before the first look, so that nothing falls between them
        }
        _loop.Add(_inotify.Descriptor, PollEvents.Readable, _ => OnFileEvents());
        _loop.Add(_timer.Descriptor, PollEvents.Readable, _ => OnTick());
        _thread = new Thread(() =>
        {
            LookAtAll();
            _loop.Run();
        }) { IsBackground = true, Name = "displays" };
        _thread.Start();
    }

    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        foreach (var port in _ports.Values)
        {
            port.Dispose();
        }
        _timer.Dispose();
        _inotify.Dispose();
        _loop.Dispose();
    }

    private void OnFileEvents()
    {
        var events = _inotify.Read().ToList();
        if (events.Any(e => e.Events.HasFlag(FileEvents.Overflow)))
        {
            LookAtAll();
            return;
        }
        foreach (string zone in events.Where(e => Path.GetExtension(e.Name) is ".json" or ".xml").Select(e => Path.GetFileNameWithoutExtension(e.Name)).Distinct())
        {
            LookAt(zone);
        }
    }

    private void LookAtAll()
    {
        foreach (string zone in Directory.GetFiles(_host.Layout.States, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)!))
        {
            LookAt(zone);
        }
    }

    private void OnTick()
    {
        _timer.Consume();
        _timer.Stop();
        var again = _wanting.ToList();
        _wanting.Clear();
        foreach (var name in again)
        {
            LookAt(name.Text);
        }
    }

    private void LookAt(string zone)
    {
        if (!ZoneName.TryParse(zone, out var name))
        {
            return;
        }
        try
        {
            LookAt(name);
        }
        catch (Exception e) when (e is LumosException or IOException or SocketException or UnauthorizedAccessException)
        {
            if (_wanting.Add(name))
            {
                _timer.SetEvery(Again);
            }
            _log.Warn("the screen of a VM cannot be shown", ("zone", zone), ("error", LumosException.Describe(e)));
        }
    }

    private void LookAt(ZoneName name)
    {
        var wanted = Wanted(name);
        if (_ports.TryGetValue(name, out var port))
        {
            if (wanted == port.Wanted)
            {
                return;
            }
            port.Dispose();
            _ports.Remove(name);
        }
        if (wanted is null)
        {
            return;
        }
        string file = _host.Layout.DisplayFile(name);
        var address = _address() ?? throw new LumosException("NoAdminAddress", "the machine has no admin address");
        int number = wanted.Port > 0 ? wanted.Port : DisplayRecord.TryRead(file)?.Port ?? 0;
        port = DisplayPort.Open(wanted, new IPEndPoint(address, number), viewer => Show(name, viewer));
        _ports[name] = port;
        port.Record.Write(file);
    }

    /// <summary>Null: there is nothing to be seen.</summary>
    private WantedDisplay? Wanted(ZoneName name)
    {
        if (!File.Exists(_host.Layout.StateFile(name)) || _host.Zones.TryLoad(name) is not { Brand.IsHvm: true } config)
        {
            return null;
        }
        var status = _host.Runtime.Status(name);
        int port = (int)(new VmSpec(ZoneConfigMapping.FromConfig(config, name.Text)).Integer("vnc_port") ?? 0);
        return status.InitPid is not null && status.ZoneId is { } boot && port >= 0 ? new WantedDisplay(boot, port) : null;
    }

    private void Show(ZoneName name, Socket viewer)
    {
        try
        {
            var config = _host.Zones.Load(name);
            string? password = new VmSpec(ZoneConfigMapping.FromConfig(config, name.Text)).Text("vnc_password");
            using var machine = RunningMachine.Open(_host.Layout, name);
            machine.Show(new FileDescriptor((int)viewer.Handle, owns: false), password);
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            _log.Warn("a viewer is sent away", ("zone", name.Text), ("error", LumosException.Describe(e)));
        }
    }
}

/// <summary>What a machine's screen is to be shown at.</summary>
/// <param name="Boot">Of the machine: another one has another QEMU.</param>
/// <param name="Port">0: any.</param>
internal sealed record WantedDisplay(int Boot, int Port);

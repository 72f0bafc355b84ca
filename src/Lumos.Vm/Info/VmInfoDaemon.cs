using System.Net.Sockets;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Http;
using Lumos.Vm.Host;

namespace Lumos.Vm.Info;

/// <summary>
/// vminfod: the model of all VMs, kept in memory, so that <c>vmadm list</c> costs one answer over a socket however many VMs
/// there are, and everybody who wants to know of changes is told.
///
/// What it speaks is HTTP over a unix socket (<see cref="VmInfoRoutes"/>): <c>curl --unix-socket /run/vminfod.sock http://vminfod/vms</c>.
/// Requests are served by tasks that ask the thread which owns the model (<see cref="ModelKeeper"/>); readers of events have
/// queues of their own (<see cref="VmListener"/>), so that none of them makes the model wait.
/// Failure: nothing is kept that is not on disk or in the kernel. It can be killed at any time; readers then load for
/// themselves, listeners connect again and are told what they missed, and the next vminfod loads everything when it starts.
/// Tested on a folder of its own with a real socket and real inotify (DaemonTests, EventTests), and killed (LostModelTests).
/// </summary>
public sealed class VmInfoDaemon : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly string _socket;
    private readonly ModelKeeper _keeper;
    private readonly HttpServer _server;

    /// <summary>Loads the model and listens; <see cref="Run"/> serves.</summary>
    /// <exception cref="LumosException">AlreadyRunning.</exception>
    public VmInfoDaemon(VmHost host, JsonLog log, TimeSpan? datasetPeriod = null)
    {
        _socket = host.InfoSocket;
        RefuseSecond(_socket);
        _keeper = new ModelKeeper(host, log, datasetPeriod);
        try
        {
            _server = new HttpServer(Listen(_socket), "vminfod", new VmInfoRoutes(_keeper, host.Datasets, host.Clock).Answer, _ => { });
        }
        catch
        {
            _keeper.Dispose();
            throw;
        }
    }

    /// <summary>The owner of the model.</summary>
    internal ModelKeeper Keeper => _keeper;

    /// <summary>Serves until <see cref="Stop"/>.</summary>
    public void Run()
    {
        _keeper.Run();
        _server.Stop(Grace);
        File.Delete(_socket);
    }

    /// <summary>Any thread.</summary>
    public void Stop() => _keeper.Stop();

    public void Dispose()
    {
        _server.Dispose();
        _keeper.Dispose();
    }

    private static void RefuseSecond(string path)
    {
        using var running = VmInfoClient.TryConnect(path);
        if (running is not null)
        {
            throw new LumosException("AlreadyRunning", $"another vminfod listens on {path}");
        }
    }

    private static Socket Listen(string path)
    {
        File.Delete(path); // left by one that was killed
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        // Metadata holds passwords. Nobody can connect before listen, so there is no moment with another mode.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        socket.Listen(128);
        return socket;
    }
}

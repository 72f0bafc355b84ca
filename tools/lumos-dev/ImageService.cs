using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Machine;

namespace Lumos.Dev;

/// <summary>The image server in a process of its own, for as long as the machine runs: on loopback, at a port the kernel chose.</summary>
internal sealed record ImageService(ProcessIdentity Process, int Port)
{
    /// <summary>Its address as the machine sees it.</summary>
    public string UrlInGuest => $"http://{QemuCommand.Gateway}:{Port}";

    public override string ToString() => $"process {Process.Pid}, {UrlInGuest} as the machine sees it";

    /// <summary>The server of this machine if it runs, else null.</summary>
    public static ImageService? FindRunning(MachineFolder folder)
    {
        if (!File.Exists(folder.ImageServerState))
        {
            return null;
        }
        var state = JsonNode.Parse(File.ReadAllText(folder.ImageServerState))!;
        var process = ProcessIdentity.FromJson(state);
        return process.IsAlive ? new ImageService(process, (int)state["port"]!) : null;
    }

    /// <summary>Starts one unless it runs already.</summary>
    public static ImageService Ensure(Checkout checkout, MachineFolder folder)
    {
        if (FindRunning(folder) is { } running)
        {
            return running;
        }
        File.Delete(folder.ImageServerState);
        string program = Path.Combine(AppContext.BaseDirectory, "lumos-dev.dll");
        HostCommand.StartDetached(["dotnet", program, "serve-images", "--state", folder.ImageServerState, Artifacts.ServedFolder(checkout)], folder.ImageServerLog);
        ImageService? started = null;
        return Deadline.Poll(TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(50), () => (started = FindRunning(folder)) is not null)
            ? started!
            : throw new LumosException("ImageServerFailed", $"the image server did not start; see {folder.ImageServerLog}");
    }

    /// <summary>What the server itself writes once it listens.</summary>
    public static void Record(string path, int port)
    {
        var state = ProcessIdentity.Of(Environment.ProcessId)!.ToJson();
        state["port"] = port;
        File.WriteAllText(path + ".new", state.ToJsonString());
        File.Move(path + ".new", path, overwrite: true);
    }

    public static void Stop(MachineFolder folder)
    {
        if (FindRunning(folder) is { } service)
        {
            service.Process.Signal("TERM");
            if (!service.Process.WaitForEnd(TimeSpan.FromSeconds(5)))
            {
                service.Process.Signal("KILL");
            }
        }
        File.Delete(folder.ImageServerState);
    }
}

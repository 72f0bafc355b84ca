using System.Runtime.InteropServices;
using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Imgapi.Applets;

/// <summary>lumos-imgapi: the image server in the foreground, until SIGTERM or SIGINT.</summary>
public static class ImgapiCommand
{
    /// <summary>Where the image keeps it: on the pool.</summary>
    public const string DefaultData = "/var/imgapi";

    public const string Usage = """
        Serve images over IMGAPI.

        Usage: lumos-imgapi [OPTIONS]

            --listen ADDR:PORT      Default: *:8080. "[::1]:8080", ":0" for any free port
            --data DIR              The store. Default: /var/imgapi
            --tls-cert FILE         PEM: serve HTTPS with this certificate
            --tls-key FILE          PEM: its key, where it is not in the same file
            --mirror URL            Take images that are not here from this server
            --channel NAME[:TEXT]   A channel; may be given more than once, the first is the default
            --max-file MIB          The largest file that may be uploaded. Default: 102400
            --max-connections N     Default: 1000
            --max-uploads N         Uploads at the same time. Default: 16
            --grace SECONDS         For what is under way when it is told to stop. Default: 30

        What is not said here is taken from DIR/config.json. Changes need a key of DIR/keys: see lumos-imgapi(8).

        """;

    /// <summary>The program: exit status.</summary>
    public static int Main(AppletContext context)
    {
        try
        {
            return Run(context, DefaultData, null);
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            context.Error.WriteLine($"{context.Name}: {LumosException.Describe(e)}");
            return e is LumosException known ? known.ExitStatus : ExitStatus.Failure;
        }
    }

    /// <param name="data">Where the store is, if nothing is said.</param>
    /// <param name="listen">Where it listens, if nothing is said; null: everywhere.</param>
    public static int Run(AppletContext context, string data, string? listen)
    {
        var args = ImgapiConfig.Options.Parse(context.Args).Expect(0, 0);
        if (args.Has('h'))
        {
            context.Out.Write(Usage);
            return ExitStatus.Success;
        }
        var settings = ImgapiConfig.Read(args, args.Get("data") ?? data, listen);
        using var output = context.OpenOutput();
        using var log = JsonLog.To(output, "imgapi");
        return Serve(settings, log).GetAwaiter().GetResult();
    }

    private static async Task<int> Serve(ImgapiSettings settings, JsonLog log)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true; // what is under way comes to its end first
            _ = told.TrySetResult();
        }
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        var server = await ImgapiServer.Start(settings, log).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            log.Info($"serving {settings.Data} at {server.Url}", ("url", server.Url), ("keys", server.KeysFile));
            if (server.IsKeyNew)
            {
                log.Info($"a key for changes was made: {server.KeysFile}");
            }
            await told.Task.ConfigureAwait(false);
            log.Info("stopping");
            await server.Stop().ConfigureAwait(false);
        }
        log.Info("stopped");
        return ExitStatus.Success;
    }
}

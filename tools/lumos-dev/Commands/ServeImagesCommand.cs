using System.CommandLine;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos serve-images</c>: the image server in the foreground; <c>up</c> starts it so in the background.</summary>
internal static class ServeImagesCommand
{
    public static Command Create(Checkout checkout)
    {
        var folder = new Argument<string>("FOLDER")
        {
            Description = "Manifests and files to serve (default out/images)",
            DefaultValueFactory = _ => Artifacts.ServedFolder(checkout),
        };
        var state = new Option<string?>("--state") { Description = "Write process and port there once the server listens" };
        var command = new Command("serve-images", "Serve images over HTTP on loopback until stopped") { folder, state };
        command.SetAction((parsed, stop) => Serve(parsed.GetValue(folder)!, parsed.GetValue(state), stop));
        return command;
    }

    private static async Task<int> Serve(string folder, string? state, CancellationToken stop)
    {
        using var server = Lumos.Images.Server.ImageServer.Start(folder, log: Console.Error.WriteLine);
        Console.Error.WriteLine($"Serving {folder} on http://127.0.0.1:{server.EndPoint.Port}");
        if (state is not null)
        {
            ImageService.Record(state, server.EndPoint.Port);
        }
        await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default);
        return 0;
    }
}

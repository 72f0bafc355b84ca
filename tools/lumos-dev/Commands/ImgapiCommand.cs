using System.CommandLine;
using Lumos.Cli;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos imgapi</c>: the image server of this checkout, in the foreground, with a store under out/.</summary>
internal static class ImgapiCommand
{
    public static Command Create(Checkout checkout)
    {
        var words = new Argument<string[]>("OPTIONS") { Description = "Options of lumos-imgapi(8): --listen, --data, --mirror …", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("imgapi", "Serve images over IMGAPI, by default those of out/imgapi on 127.0.0.1:8080") { words };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(parsed => Imgapi.Applets.ImgapiCommand.Run(
            new AppletContext { Name = "lumos imgapi", Args = [.. parsed.GetValue(words) ?? [], .. parsed.UnmatchedTokens] },
            Path.Combine(checkout.Out, "imgapi"), "127.0.0.1:8080"));
        return command;
    }
}

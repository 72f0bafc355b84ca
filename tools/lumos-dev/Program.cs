using System.CommandLine;
using System.CommandLine.Help;
using Lumos.Core;
using Lumos.Dev;
using Lumos.Dev.Commands;
using Lumos.Machine;

// What ./lumos runs on a workstation: one file in Commands/ for each command.
try
{
    var checkout = Checkout.Find();
    var root = new Command("./lumos", "Builds, runs and tests LumOS on this workstation. Everything it makes is under out/.")
    {
        UpCommand.Create(checkout),
        StatusCommand.Create(checkout),
        ExecCommand.Create(checkout),
        SshCommand.Create(checkout),
        ConsoleCommand.Create(checkout),
        DownCommand.Create(checkout),
        BuildCommand.Create(checkout),
        PushCommand.Create(checkout),
        TestCommand.Create(checkout),
        BenchCommand.Create(checkout),
        CleanCommand.Create(checkout),
        HostCommands.Create(checkout),
        ServeImagesCommand.Create(checkout),
        ImgapiCommand.Create(checkout),
        BenchCommand.CreateInside(),
        new HelpOption(),
    };
    if (args.Length == 0)
    {
        args = ["--help"];
    }
    // "@word" is an ordinary word here, not the name of a file with more words.
    var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    if (parsed.Errors.Count > 0)
    {
        foreach (var error in parsed.Errors)
        {
            Console.Error.WriteLine($"lumos: {error.Message}");
        }
        string command = parsed.CommandResult.Command == root ? "" : " " + parsed.CommandResult.Command.Name;
        Console.Error.WriteLine($"lumos: \"./lumos{command} --help\" lists what there is");
        return 2;
    }
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (StageFailedException e)
{
    // The stage has said what went wrong.
    return e.ExitStatus;
}
catch (LumosException e)
{
    Console.Error.WriteLine($"lumos: {LumosException.Describe(e)}");
    return e.ExitStatus;
}

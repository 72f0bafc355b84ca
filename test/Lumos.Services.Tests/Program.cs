using Lumos.Cli;
using Lumos.Core;
using Lumos.Services;

namespace Lumos.Services.Tests;

/// <summary>
/// The tests' program, which is also svc.startd and its commands when the first word says so: host tests start it as a real daemon.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args.Length > 0 && ServicesApplets.All().FirstOrDefault(a => a.Name == args[0]) is { } applet)
        {
            try
            {
                return applet.Run(new AppletContext { Name = args[0], Args = args[1..] });
            }
            catch (LumosException e)
            {
                Console.Error.WriteLine($"{args[0]}: {LumosException.Describe(e)}");
                return e.ExitStatus;
            }
        }
        return Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args).GetAwaiter().GetResult();
    }
}
